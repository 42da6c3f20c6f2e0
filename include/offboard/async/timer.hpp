#pragma once

#include "offboard/base/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace offboard::async {

/// Puts the time of this thread's timers into the hand of a test, for as long as it lives: timers wait for
/// advance_to() and for nothing else, and no wait is a system call. One a thread at a time. A program that
/// has none goes by the steady clock.
class manual_time {
public:
    /// What waits. Takes itself out of the waits when its time has come.
    class waiter {
    public:
        virtual void time_has_come() = 0;

    protected:
        ~waiter() = default;
    };
    using place = std::multimap<steady_time, waiter*>::iterator;

    explicit manual_time(steady_time start);
    manual_time(const manual_time&) = delete;
    manual_time& operator=(const manual_time&) = delete;
    ~manual_time();

    steady_time now() const noexcept { return now_; }
    /// Ends the waits that are due.
    void advance_to(steady_time t);
    /// The earliest moment after now that a timer waits for; steady_time::max() when none does.
    steady_time next() const;

    place add(steady_time t, waiter& w) { return waits_.emplace(t, &w); }
    void remove(place at) { waits_.erase(at); }

    static manual_time* of_this_thread() noexcept;

private:
    std::multimap<steady_time, waiter*> waits_; ///< in the order in which they began
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

/// A timer of the network thread. Like boost::asio::steady_timer with one wait at a time, and the only one
/// that waits in dispatch and async use.
class timer final : manual_time::waiter {
public:
    explicit timer(const boost::asio::any_io_executor& executor, steady_time t = steady_time::max());
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    /// A wait by manual time that is still under way is dropped.
    ~timer();

    /// A wait under way ends with operation_aborted.
    void expires_at(steady_time t);
    void cancel();

    template <class Token>
    auto async_wait(Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(start{this}, token);
    }

private:
    void time_has_come() override { end({}); }

    /// A wait by manual time.
    struct manual_wait {
        virtual ~manual_wait() = default;
        /// Posts the handler.
        virtual void end(boost::system::error_code) = 0;
    };
    template <class Handler>
    struct manual_wait_of final : manual_wait {
        manual_wait_of(Handler h, boost::asio::any_io_executor e)
            : handler(std::move(h)), executor(std::move(e)) {}
        void end(boost::system::error_code ec) override {
            boost::asio::post(executor, [done = std::move(handler), ec]() mutable { std::move(done)(ec); });
        }
        Handler handler;
        boost::asio::any_io_executor executor;
    };
    struct start {
        timer* at;
        template <class Handler>
        void operator()(Handler handler) const {
            if (!manual_time::of_this_thread()) return at->real_.async_wait(std::move(handler));
            auto slot = boost::asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected()) slot.assign([of = at](boost::asio::cancellation_type) { of->cancel(); });
            at->begin(
                std::make_unique<manual_wait_of<Handler>>(std::move(handler), at->real_.get_executor()));
        }
    };
    void begin(std::unique_ptr<manual_wait>);
    void end(boost::system::error_code);

    boost::asio::basic_waitable_timer<loop_clock> real_;
    std::unique_ptr<manual_wait> waiting_;
    std::optional<manual_time::place> place_;
};

} // namespace offboard::async
