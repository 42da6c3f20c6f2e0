#include "session_stream.hpp"

#include <boost/asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace offboard::http {

namespace asio = boost::asio;
using boost::system::error_code;

session_stream::session_stream(tcp_socket socket, std::shared_ptr<asio::ssl::context> tls)
    : socket_(std::move(socket)), context_(std::move(tls)) {
    if (context_) tls_.emplace(socket_, *context_);
}

asio::awaitable<error_code> session_stream::shake_hands() {
    const auto [failed] = co_await tls_->async_handshake(asio::ssl::stream_base::server, as_values);
    co_return failed;
}

bool session_stream::was_plain_http(const error_code& ec) noexcept {
    return ec.category() == asio::error::get_ssl_category() &&
           ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_HTTP_REQUEST;
}

asio::awaitable<void> session_stream::say_goodbye() {
    if (!tls_) co_return;
    // As if theirs had come: then the shutdown is done when ours is sent.
    SSL* const tls = tls_->native_handle();
    SSL_set_shutdown(tls, SSL_get_shutdown(tls) | SSL_RECEIVED_SHUTDOWN);
    const auto [ignored] = co_await tls_->async_shutdown(as_values);
    static_cast<void>(ignored);
}

error_code session_stream::write_now(const std::array<asio::const_buffer, 2>& parts, std::size_t& written) {
    written = 0;
    if (tls_) return asio::error::would_block;
    error_code ec;
    written = socket_.write_some(parts, ec);
    if (!ec && written != asio::buffer_size(parts)) ec = asio::error::would_block;
    return ec;
}

} // namespace offboard::http
