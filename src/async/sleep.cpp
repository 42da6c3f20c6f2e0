#include "offboard/async/sleep.hpp"

#include "offboard/async/timer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

namespace offboard::async {

namespace asio = boost::asio;

asio::awaitable<bool> sleep_until(steady_time when) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    timer wait(executor, when);
    const auto [ec] = co_await wait.async_wait(asio::as_tuple(asio::deferred));
    co_return !ec;
}

asio::awaitable<bool> sleep_for(duration d) {
    return sleep_until(loop_clock::now() + d);
}

} // namespace offboard::async
