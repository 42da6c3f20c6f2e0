#pragma once

#include "offboard/base/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>

#include <cstddef>
#include <optional>
#include <set>
#include <utility>

namespace offboard::async {

/// Puts the time of this thread's timers into the hand of a test, for as long as it lives: timers wait for
/// advance_to() and for nothing else, and the loop never blocks on them. One a thread at a time. A program
/// that has none goes by the steady clock.
class manual_time {
public:
    explicit manual_time(steady_time start);
    manual_time(const manual_time&) = delete;
    manual_time& operator=(const manual_time&) = delete;
    ~manual_time();

    steady_time now() const noexcept { return now_; }
    void advance_to(steady_time t) noexcept { now_ = t; }
    /// The earliest moment after now that a timer waits for; steady_time::max() when none does.
    steady_time next() const;

    static manual_time* of_this_thread() noexcept;

private:
    friend class timer;
    std::multiset<steady_time> waits_;
    steady_time now_;
};

/// What timers go by.
struct loop_clock {
    using duration = offboard::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = steady_time;
    static constexpr bool is_steady = true;
    static time_point now() noexcept;
};

struct loop_wait_traits {
    static duration to_wait_duration(const duration& d) noexcept {
        return manual_time::of_this_thread() ? duration::zero() : d;
    }
    static duration to_wait_duration(const steady_time& t) noexcept {
        return to_wait_duration(t - loop_clock::now());
    }
};

/// A timer of the network thread. Like boost::asio::steady_timer, and the only one that waits in dispatch and
/// async use.
class timer {
public:
    explicit timer(const boost::asio::any_io_executor& executor, steady_time t = steady_time::max());
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    ~timer();

    /// A wait under way ends with operation_aborted.
    void expires_at(steady_time t);
    void cancel();

    template <class Token>
    auto async_wait(Token&& token) {
        return timer_.async_wait(std::forward<Token>(token));
    }

private:
    void forget();

    boost::asio::basic_waitable_timer<loop_clock, loop_wait_traits> timer_;
    std::optional<std::multiset<steady_time>::iterator> place_; ///< in manual_time
};

} // namespace offboard::async
