#pragma once

#include "call.hpp"
#include "disk_state.hpp"
#include "journal_file.hpp"
#include "retention.hpp"
#include "tuning.hpp"

#include "offboard/base/clock.hpp"
#include "offboard/telemetry/log.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace offboard::journal::sqlite {

/// The journal's thread. It takes all calls that have arrived, writes them in one transaction, answers, reads
/// what was asked, and begins again: the longer a commit takes, the more calls share the next one. Calls
/// arrive by turns of the loop: those whose answers came together go on together, rather than the first of
/// them in a commit of its own.
///
/// The thread opens the file first. Where the disk fails, or does not answer in time, that is trouble from
/// the start: it is tried again, and nothing but opened() is served until the file has been taken over.
///
/// Trouble begins with a fault of the disk. The transaction is taken back: begins and departures are refused,
/// records wait. Every so often the file is opened again, if need be, and the records are written, or
/// something that means nothing; when that is on the disk trouble is over.
///
/// A commit whose fsync failed may have reached the disk all the same. Before its begins are refused another
/// transaction is written over it, and the first one after trouble takes back what is there nevertheless.
/// What is left is a power cut in just that moment.
class writer {
public:
    /// Waits for the first try to open the file. Throws std::runtime_error when no disk is to blame for how
    /// it ended.
    writer(boost::asio::io_context&, const sqlite_settings&, const clock&, telemetry::log&, tuning);
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;
    ~writer();

    /// Hands a call over, when the loop has run what is ready now; it is posted back when it has its answer.
    /// Or why it is refused at once.
    std::optional<errc> push(std::shared_ptr<call>);

    /// Ends the thread: what has arrived is written, unless there is trouble. Where the disk does not answer
    /// at all the process ends here, with 0: the thread cannot be stopped, and a killed journal is whole.
    void close();

    std::string trouble() const;
    journal::figures counted() const noexcept { return {commits_, entries_}; }
    /// Whether the file has been taken over; inherited() is there from then on.
    bool has_opened() const noexcept { return sqlite::has_opened(disk_); }
    const inheritance& inherited() const noexcept { return file_.inherited(); }

    /// On the thread, in a call: puts what is in the tail into the tables. A fault begins trouble; meanwhile
    /// it is refused.
    result<void> fold();
    /// On the thread, in a call: forgets all that is due.
    result<std::size_t> sweep_all();
    /// Likewise: see journal::use_keys(). An error while there is trouble.
    result<std::string> use_keys(const std::vector<master_key>&);

private:
    using instant = std::chrono::steady_clock::time_point;

    /// How far the thread is, and what its owner waits for.
    enum class progress : std::uint8_t { first_try, serving, ended };
    enum class owner_wish : std::uint8_t { first_try, serving, end };

    /// Calls of this turn of the loop, which may outlive the writer: network thread.
    struct turn {
        writer* to = nullptr; ///< none once it is closed
        calls all;
    };
    void deliver();
    /// True while one look at the disk takes longer than any disk should.
    bool stalled() const noexcept;
    void work();
    void keep_house();
    void await_first_try();
    bool first_try();
    enum class attempt { opened, failed, hopeless }; ///< hopeless: no disk is to blame
    attempt take_file();
    void serve(calls arrived);
    void commit(calls group, calls& done);
    void read(const calls& asked, calls& done);
    boost::system::error_code transact(calls& group, bool mending, calls& done);
    boost::system::error_code first_writes();
    void note(const boost::system::error_code&);
    /// Remembers what is wrong, for trouble(). True when that is news.
    bool tell_trouble(std::string words);
    bool healthy() const noexcept { return disk_ == disk::healthy; }
    instant due_again() const;
    boost::system::error_code broken(const std::exception&);
    void mend();
    bool sound();
    void sweep_some();
    void copy_log();
    void end();
    void hand_back(calls done);
    void drop_spoiled(calls& group, std::size_t at, const char* why, calls& done);

    boost::asio::io_context& io_;
    const clock& clock_;
    telemetry::log& log_;
    const tuning tuned_;
    const duration retention_;

    // Of the thread, once it runs.
    journal_file file_;
    bool erased_ = false; ///< since the log was last emptied
    calls pending_;       ///< records that wait for the disk, in order
    calls refused_;       ///< begins and departures that may be there all the same
    instant next_try_{};
    instant next_sweep_{};

    const std::shared_ptr<turn> turn_ = std::make_shared<turn>();

    /// Set by the thread only.
    std::atomic<disk> disk_ = disk::opening;
    std::atomic<std::chrono::steady_clock::rep> busy_since_ = 0; ///< 0: the thread waits for work
    std::atomic<std::uint64_t> commits_ = 0;
    std::atomic<std::uint64_t> entries_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    calls arrived_;
    std::atomic<std::size_t> waiting_ = 0; ///< how many have arrived
    owner_wish owner_ = owner_wish::first_try;
    progress thread_progress_ = progress::first_try;
    std::condition_variable progressed_;
    std::string trouble_ = "being opened";

    std::thread thread_;
};

} // namespace offboard::journal::sqlite
