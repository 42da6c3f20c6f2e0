#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace offboard::http {

/// Sockets of the network thread. The executor's type is known, so that no operation goes through a type-erased one.
using tcp = boost::asio::ip::tcp;
using tcp_socket = boost::asio::basic_stream_socket<tcp, boost::asio::io_context::executor_type>;
using tcp_acceptor = boost::asio::basic_socket_acceptor<tcp, boost::asio::io_context::executor_type>;

/// The token of every operation here: no frame of its own, and the error comes back as a value. (redirect_error over
/// deferred does not compile in Boost 1.81.)
inline constexpr auto as_values = boost::asio::as_tuple(boost::asio::deferred);

/// Nagle off, and synchronous calls return would_block: what the system takes at once needs no trip through the loop.
inline void prepare(tcp_socket& s, boost::system::error_code& ec) {
    s.set_option(tcp::no_delay(true), ec);
    if (!ec) s.non_blocking(true, ec);
}

} // namespace offboard::http
