#pragma once

#include "offboard/async/signal_event.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace offboard::async {

/// A few named threads for calls that block: files, long parsing. The network thread hands a function over
/// and goes on; the coroutine that asked is resumed on its own thread. Dies before the io_context whose
/// coroutines use it, when no coroutine waits in run() any more.
///
/// The destructor waits for calls that are running, for longest_wait at most. A thread that the system holds
/// longer (a file on a mount that hangs) cannot be ended or joined: it is left behind, for the process to
/// end. What such a call touches must be its own.
class offload_pool {
public:
    static constexpr auto longest_wait = std::chrono::seconds(1);

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
        struct shared : ticket {
            std::optional<value> made;
            std::exception_ptr thrown;
            bool done = false;
            signal_event ready;
        };
        auto state = std::make_shared<shared>();
        const boost::asio::any_io_executor home = co_await boost::asio::this_coro::executor;
        state->expect(home);
        submit(
            state,
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
            if (!notified && !state->done) {
                state->withdraw();
                co_return std::nullopt;
            }
        }
        if (state->thrown) std::rethrow_exception(state->thrown);
        co_return std::move(state->made);
    }

private:
    /// Where the result of one call is expected. Once withdrawn the call holds up no loop and touches none.
    class ticket {
    public:
        void expect(const boost::asio::any_io_executor& home);
        void withdraw();
        void deliver(std::function<void()> done);

    private:
        std::mutex mutex_;
        std::optional<boost::asio::any_io_executor> home_;
    };
    struct calls;

    void submit(std::shared_ptr<ticket>, std::function<void()> work, std::function<void()> done);

    std::shared_ptr<calls> calls_; ///< outlives the pool where a thread is left behind
    std::unique_ptr<boost::asio::thread_pool> threads_;
};

} // namespace offboard::async
