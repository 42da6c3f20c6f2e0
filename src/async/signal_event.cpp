#include "offboard/async/signal_event.hpp"

#include "offboard/async/timer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

namespace offboard::async {

namespace asio = boost::asio;

/// Lives in the frame of wait_until(), and leaves the event's list when that frame dies in any way.
struct signal_event::waiter {
    waiter(signal_event& e, const asio::any_io_executor& executor, steady_time deadline)
        : event(&e), wait(executor, deadline), previous(e.last_) {
        (previous ? previous->next : e.first_) = this;
        e.last_ = this;
    }
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    ~waiter() {
        if (event) event->unlink(*this);
    }

    signal_event* event; ///< null once notified
    timer wait;
    waiter* previous;
    waiter* next = nullptr;
};

void signal_event::unlink(waiter& w) noexcept {
    (w.previous ? w.previous->next : first_) = w.next;
    (w.next ? w.next->previous : last_) = w.previous;
    w.event = nullptr;
}

bool signal_event::notify_one() noexcept {
    if (!first_) return false;
    waiter& w = *first_;
    unlink(w);
    w.wait.cancel();
    return true;
}

void signal_event::notify_all() noexcept {
    // A woken waiter resumes through the loop, so no waiter joins the list meanwhile.
    while (notify_one()) {
    }
}

asio::awaitable<bool> signal_event::wait_until(steady_time deadline) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    waiter self(*this, executor, deadline);
    co_await self.wait.async_wait(asio::as_tuple(asio::deferred));
    co_return self.event == nullptr;
}

} // namespace offboard::async
