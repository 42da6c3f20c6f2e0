#pragma once

#include "call.hpp"
#include "file_worker.hpp"
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

/// The journal's thread. It takes all calls that have arrived, has them written in one transaction, answers,
/// has read what was asked, and begins again: the longer a commit takes, the more calls share the next one.
/// Calls arrive by turns of the loop: those whose answers came together go on together, rather than the first
/// of them in a commit of its own.
///
/// The thread opens the file first. A disk that fails, or does not answer in time, is trouble from the start:
/// nothing but opened() is served until the file has been taken over.
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
    journal::figures counted() const noexcept { return file_.counted(); }
    /// Whether the file has been taken over; inherited() is there from then on.
    bool has_opened() const noexcept { return file_.has_opened(); }
    const inheritance& inherited() const noexcept { return file_.inherited(); }

    /// For calls, which run on the thread.
    file_worker& file() noexcept { return file_; }

private:
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
    void await_first_try();
    bool first_try();
    void serve(calls arrived);
    void hand_back(calls done);

    boost::asio::io_context& io_;
    telemetry::log& log_;
    const tuning tuned_;

    file_worker file_; ///< the thread's
    const std::shared_ptr<turn> turn_ = std::make_shared<turn>();

    std::atomic<std::chrono::steady_clock::rep> busy_since_ = 0; ///< 0: the thread waits for work

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    calls arrived_;
    std::atomic<std::size_t> waiting_ = 0; ///< how many have arrived
    owner_wish owner_ = owner_wish::first_try;
    progress thread_progress_ = progress::first_try;
    std::condition_variable progressed_;

    std::thread thread_;
};

} // namespace offboard::journal::sqlite
