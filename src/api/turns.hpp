#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace offboard::api {

/// Lets everything else that is ready on the network thread go first. For work that takes longer than some
/// milliseconds: it is done in parts, with one of these between two of them.
inline boost::asio::awaitable<void> next_turn() {
    const boost::asio::any_io_executor home = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(home, boost::asio::use_awaitable);
}

} // namespace offboard::api
