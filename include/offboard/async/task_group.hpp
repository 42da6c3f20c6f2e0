#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/telemetry/log.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace offboard::async {

/// Runs coroutines that have no other owner, so that none is ever lost: each is joined before the group
/// dies, and what one throws is logged under its name and counted. One network thread only. Call cancel() and
/// spawn() from that thread while its loop runs (or before it runs for spawn()).
///
/// Owned by whatever the coroutines refer to; that owner awaits join() before it dies.
class task_group {
public:
    task_group(boost::asio::any_io_executor, telemetry::log&);
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    /// The group must be empty: its owner has joined it.
    ~task_group();

    /// Starts a coroutine. `name` is a word of ours for the log.
    void spawn(std::string_view name, boost::asio::awaitable<void>);

    /// Asks every coroutine to stop at once (terminal cancellation). Cancellation acts once on what each
    /// awaits now: loops test their cancellation state at the head. Does not forbid later spawns.
    void cancel();

    /// Returns when the group is empty. Does not cancel anything by itself. A cancelled join() returns early.
    boost::asio::awaitable<void> join();

    /// The same with an end: false when a coroutine still runs at the deadline (or the caller was
    /// cancelled).
    boost::asio::awaitable<bool> join_until(steady_time deadline);

    std::size_t size() const noexcept { return tasks_.size(); }

    /// How many coroutines ended with an exception that was not their cancellation.
    std::size_t failures() const noexcept { return failures_; }

private:
    struct task {
        std::string name;
        boost::asio::cancellation_signal stop;
    };
    using place = std::list<task>::iterator;
    void ended(place, std::exception_ptr);

    boost::asio::any_io_executor executor_;
    telemetry::log& log_;
    std::list<task> tasks_;
    std::size_t failures_ = 0;
    struct joiners;
    std::unique_ptr<joiners> joiners_;
};

} // namespace offboard::async
