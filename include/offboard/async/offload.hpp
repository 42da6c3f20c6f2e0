#pragma once

#include "offboard/async/signal_event.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace offboard::async {

/// A few named threads for calls that block: files, name look-ups. The network thread hands a function over
/// and goes on; the coroutine that asked is resumed on its own thread. Dies before the io_context whose
/// coroutines use it; its destructor waits for calls that are running.
class offload_pool {
public:
    /// `name`: at most 15 characters, shown by the operating system.
    offload_pool(std::string name, std::size_t threads);
    offload_pool(const offload_pool&) = delete;
    offload_pool& operator=(const offload_pool&) = delete;
    ~offload_pool();

    /// Runs `call` on a thread of the pool. Nothing when the caller was cancelled first: the call then ends
    /// by itself and its result is dropped. What it throws is thrown here. `Call` returns a value.
    template <class Call>
    boost::asio::awaitable<std::optional<std::invoke_result_t<Call&>>> run(Call call) {
        using value = std::invoke_result_t<Call&>;
        struct shared {
            std::optional<value> made;
            std::exception_ptr thrown;
            bool done = false;
            signal_event ready;
        };
        auto state = std::make_shared<shared>();
        const boost::asio::any_io_executor home = co_await boost::asio::this_coro::executor;
        submit(
            home,
            [state, call = std::move(call)]() mutable {
                try {
                    state->made.emplace(call());
                } catch (...) {
                    state->thrown = std::current_exception();
                }
            },
            [state] {
                state->done = true;
                state->ready.notify_all();
            });
        if (!state->done) {
            const bool notified = co_await state->ready.wait_until(steady_time::max());
            if (!notified && !state->done) co_return std::nullopt;
        }
        if (state->thrown) std::rethrow_exception(state->thrown);
        co_return std::move(state->made);
    }

private:
    void submit(const boost::asio::any_io_executor& home, std::function<void()> work,
                std::function<void()> done);

    std::string name_;
    boost::asio::thread_pool threads_;
};

} // namespace offboard::async
