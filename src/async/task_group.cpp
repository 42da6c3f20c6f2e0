#include "offboard/async/task_group.hpp"

#include "offboard/async/signal_event.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/core/demangle.hpp>
#include <boost/system/system_error.hpp>

#include <cassert>
#include <typeinfo>

namespace offboard::async {

namespace asio = boost::asio;

struct task_group::joiners {
    signal_event empty;
};

task_group::task_group(asio::any_io_executor executor, telemetry::log& log)
    : executor_(std::move(executor)), log_(log), joiners_(std::make_unique<joiners>()) {}

task_group::~task_group() {
    assert(tasks_.empty());
}

void task_group::spawn(std::string_view name, asio::awaitable<void> work) {
    tasks_.emplace_back();
    const place here = std::prev(tasks_.end());
    here->name = name;
    asio::co_spawn(executor_, std::move(work),
                   asio::bind_cancellation_slot(here->stop.slot(), [this, here](std::exception_ptr thrown) {
                       ended(here, std::move(thrown));
                   }));
}

void task_group::ended(place here, std::exception_ptr thrown) {
    if (thrown) {
        try {
            std::rethrow_exception(thrown);
        } catch (const boost::system::system_error& e) {
            if (e.code() != asio::error::operation_aborted) {
                ++failures_;
                log_.error("a task failed", {{"task", here->name}, {"error", e.code().message()}});
            }
        } catch (const std::exception& e) {
            // The type, not the text: what() may repeat input.
            ++failures_;
            log_.error("a task failed",
                       {{"task", here->name}, {"exception", boost::core::demangle(typeid(e).name())}});
        } catch (...) {
            ++failures_;
            log_.error("a task failed", {{"task", here->name}});
        }
    }
    tasks_.erase(here);
    if (tasks_.empty()) joiners_->empty.notify_all();
}

void task_group::cancel() {
    for (place at = tasks_.begin(); at != tasks_.end();) {
        const place here = at++;
        here->stop.emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<bool> task_group::join_until(steady_time deadline) {
    while (!tasks_.empty()) {
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return false;
        const bool notified = co_await joiners_->empty.wait_until(deadline);
        if (!notified) co_return tasks_.empty();
    }
    co_return true;
}

asio::awaitable<void> task_group::join() {
    co_await join_until(steady_time::max());
}

} // namespace offboard::async
