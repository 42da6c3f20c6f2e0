#pragma once

#include "socket.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace offboard::http {

/// An accepted connection, plain or TLS, as one stream for reading and writing: an operation costs no frame
/// of its own. One read and one write at a time, and they fail with what the socket or OpenSSL says; the end
/// of a TLS connection without close_notify is an error of its own (stream_truncated), not an eof.
class session_stream {
public:
    using executor_type = tcp_socket::executor_type;
    using tls_stream = boost::asio::ssl::stream<tcp_socket&>;

    /// `tls`: null for plain.
    session_stream(tcp_socket, std::shared_ptr<boost::asio::ssl::context> tls);
    session_stream(const session_stream&) = delete;
    session_stream& operator=(const session_stream&) = delete;

    executor_type get_executor() noexcept { return socket_.get_executor(); }
    tcp_socket& socket() noexcept { return socket_; }
    bool secure() const noexcept { return tls_.has_value(); }

    /// Before anything else on a TLS connection. Cancelled by cancelling the socket.
    boost::asio::awaitable<boost::system::error_code> shake_hands();

    /// True for a handshake that failed because the other side began with an HTTP request.
    static bool was_plain_http(const boost::system::error_code&) noexcept;

    /// After such a handshake: plain from now on.
    void give_up_tls() noexcept { tls_.reset(); }

    /// Over TLS sends close_notify and waits for none; plain, and after an error, nothing.
    boost::asio::awaitable<void> say_goodbye();

    /// What the system takes at once. would_block: `written` bytes of it were taken, the rest is for
    /// async_write. TLS takes nothing this way: half a record that the socket has no room for would be lost.
    boost::system::error_code write_now(const std::array<boost::asio::const_buffer, 2>&,
                                        std::size_t& written);

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& into, Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            start_read{this}, token, into);
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& from, Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            start_write{this}, token, from);
    }

private:
    // Named types that hold one pointer, for closures with more in them are miscompiled (g++ 12.2).
    struct start_read {
        session_stream* stream;
        template <class Handler, class Buffers>
        void operator()(Handler&& done, const Buffers& into) const {
            if (stream->tls_)
                stream->tls_->async_read_some(into, std::forward<Handler>(done));
            else
                stream->socket_.async_read_some(into, std::forward<Handler>(done));
        }
    };
    struct start_write {
        session_stream* stream;
        template <class Handler, class Buffers>
        void operator()(Handler&& done, const Buffers& from) const {
            if (stream->tls_)
                stream->tls_->async_write_some(from, std::forward<Handler>(done));
            else
                stream->socket_.async_write_some(from, std::forward<Handler>(done));
        }
    };

    tcp_socket socket_;
    std::shared_ptr<boost::asio::ssl::context> context_; ///< the server may have another one by now
    std::optional<tls_stream> tls_;
};

} // namespace offboard::http
