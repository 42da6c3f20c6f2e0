#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace offboard::http {

/// Sockets with the executor type of our coroutines. Asio 1.26 resumes a coroutine directly only when the
/// executors of socket and coroutine have one type and are equal; a socket of a concrete executor type under
/// an awaitable of the usual type costs an allocation and a dispatch per operation.
using tcp = boost::asio::ip::tcp;
using tcp_socket = tcp::socket;
using tcp_acceptor = tcp::acceptor;

/// The token of every operation here: no frame of its own, and the error comes back as a value.
/// (redirect_error over deferred does not compile in Boost 1.81.)
inline constexpr auto as_values = boost::asio::as_tuple(boost::asio::deferred);

/// Nagle off, and synchronous calls return would_block: what the system takes at once needs no trip through
/// the loop.
inline void prepare(tcp_socket& s, boost::system::error_code& ec) {
    s.set_option(tcp::no_delay(true), ec);
    if (!ec) s.non_blocking(true, ec);
}

} // namespace offboard::http
