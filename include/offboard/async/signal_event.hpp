#pragma once

#include "offboard/base/clock.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>

namespace offboard::async {

/// "Something changed: look again." One network thread, no memory: a notification wakes the coroutines that
/// wait at that moment and no later ones, so the condition is tested before each wait.
///
/// Waiters are woken through the loop, never inside notify_all(), so the notifier may be in the middle of a
/// change. When the event dies its waiters are woken as if notified; none of them touches it afterwards.
class signal_event {
public:
    signal_event() = default;
    signal_event(const signal_event&) = delete;
    signal_event& operator=(const signal_event&) = delete;
    ~signal_event() { notify_all(); }

    void notify_all() noexcept;

    /// Wakes the coroutine that waits longest. False when none waits.
    bool notify_one() noexcept;

    /// True when notified, false at the deadline or when the caller was cancelled.
    boost::asio::awaitable<bool> wait_until(steady_time deadline);

    bool has_waiters() const noexcept { return first_ != nullptr; }

private:
    struct waiter;
    void unlink(waiter&) noexcept;
    waiter* first_ = nullptr;
    waiter* last_ = nullptr;
};

} // namespace offboard::async
