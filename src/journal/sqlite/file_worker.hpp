#pragma once

#include "call.hpp"
#include "disk_state.hpp"
#include "journal_file.hpp"
#include "retention.hpp"
#include "tuning.hpp"

#include "offboard/base/clock.hpp"
#include "offboard/telemetry/log.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

namespace offboard::journal::sqlite {

/// What the journal's thread does with the file: opens it, writes groups of calls in one transaction each,
/// reads, cleans up, and sees faults of the disk through. Owned by the writer; the thread's alone, but for
/// the functions that say otherwise.
///
/// The file is opened first. Where the disk fails, the file is tried again, and nothing is served until it
/// has been taken over.
///
/// Trouble begins with a fault of the disk. The transaction is taken back: begins and departures are refused,
/// records wait. Every so often the file is opened again, if need be, and the records are written, or a probe
/// that means nothing; when that is on the disk trouble is over.
///
/// A commit whose fsync failed may have reached the disk all the same. Before its begins are refused another
/// transaction is written over it, and the first one after trouble takes back what is there nevertheless.
/// What is left is a power cut in just that moment.
class file_worker {
public:
    using instant = std::chrono::steady_clock::time_point;
    enum class attempt { opened, failed, hopeless }; ///< hopeless: no disk is to blame

    /// All of it outlives this.
    file_worker(const sqlite_settings&, const clock&, telemetry::log&, const tuning&);

    /// Takes the file over.
    attempt open();
    /// The file is open, and calls are served.
    void begin() { disk_ = disk::healthy; }
    /// Writes the calls; returns those that have their answer. Records may wait for the disk.
    calls write(calls group);
    /// All of them have their answer.
    calls read(const calls& asked);
    /// Trouble, retention, the tail, the log. Returns the calls that have their answer now.
    calls keep_house();
    /// When keep_house() is due.
    instant next_look() const { return healthy() ? next_sweep_ : next_try_; }
    /// Closes the file. Returns the calls that get no answer but this.
    calls end();

    /// In a call: puts what is in the tail into the tables. A fault begins trouble; meanwhile it is refused.
    result<void> fold();
    /// In a call: forgets all that is due.
    result<std::size_t> sweep_all();
    /// In a call: see journal::use_keys(). An error while there is trouble.
    result<std::string> use_keys(const std::vector<master_key>&);

    // From any thread.
    bool healthy() const noexcept { return disk_ == disk::healthy; }
    bool has_opened() const noexcept { return sqlite::has_opened(disk_); }
    /// What is wrong with the disk; empty when nothing is.
    std::string trouble() const;
    journal::figures counted() const noexcept { return {commits_, entries_}; }
    /// There once the file has been opened.
    const inheritance& inherited() const noexcept { return file_.inherited(); }
    const std::string& path() const noexcept { return file_.path(); }

private:
    boost::system::error_code transact(calls& group, bool mending, calls& done);
    void drop_spoiled(calls& group, std::size_t at, const char* why, calls& done);
    boost::system::error_code first_writes();
    void note(const boost::system::error_code&);
    /// Remembers what is wrong, for trouble(). True when that is news.
    bool tell_trouble(std::string words);
    instant due_again() const;
    boost::system::error_code broken(const std::exception&);
    void mend(calls& done);
    bool sound();
    void sweep_some();
    void copy_log();

    const clock& clock_;
    telemetry::log& log_;
    const tuning& tuned_;
    const duration retention_;
    journal_file file_;
    bool erased_ = false; ///< since the log was last emptied
    calls pending_;       ///< records that wait for the disk, in order
    calls refused_;       ///< begins and departures that may be there all the same
    instant next_try_{};
    instant next_sweep_{};
    std::atomic<disk> disk_ = disk::opening;
    std::atomic<std::uint64_t> commits_ = 0;
    std::atomic<std::uint64_t> entries_ = 0;
    mutable std::mutex mutex_;
    std::string trouble_ = "being opened";
};

} // namespace offboard::journal::sqlite
