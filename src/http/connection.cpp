#include "connection.hpp"

#include <boost/asio/ssl/host_name_verification.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <cerrno>

namespace offboard::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto again_after = std::chrono::milliseconds(10);
constexpr auto longest_late = std::chrono::seconds(1);

/// Why a handshake failed. What is wrong with a certificate says more than that it was refused.
std::string told_by(SSL* session, const error_code& broken) {
    const long verified = SSL_get_verify_result(session);
    if (verified == X509_V_OK) return broken.message();
    // OpenSSL has no word for what our own check of the name refuses.
    if (verified == X509_V_ERR_UNSPECIFIED) return "the certificate does not name this host";
    return X509_verify_cert_error_string(verified);
}

} // namespace

connection::connection(tcp_socket connected, async::deadline_watch& watch, connection_keeper& keeper)
    : entry(watch), keeper_(keeper), socket_(std::move(connected)) {}

connection::~connection() {
    if (!tls_) return;
    // Nothing is sent and nothing waited for; without it OpenSSL would take the session for a broken one.
    SSL_set_quiet_shutdown(tls_->native_handle(), 1);
    SSL_shutdown(tls_->native_handle());
}

void connection::on_deadline() noexcept {
    if (idle_) return keeper_.discard_idle(*this);
    const steady_time now = std::chrono::steady_clock::now();
    if (!timed_out_) late_until_ = now + longest_late;
    timed_out_ = true;
    // What has arrived is still read: a loop that was late must not throw a complete answer away. Until the
    // exchange has seen that its time is up, each step of it is cancelled.
    error_code ignored;
    socket_.cancel(ignored);
    expires_at(now + again_after);
}

bool connection::time_is_up(bool quiet) {
    if (!timed_out_) return false;
    if (std::chrono::steady_clock::now() >= late_until_) return true;
    error_code ec;
    return quiet && (socket_.available(ec) == 0 || ec);
}

std::string_view connection::unread() const noexcept {
    const auto bytes = buffer_.cdata();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

void connection::rest(steady_time until) {
    idle_ = true;
    reused_ = true;
    if (buffer_.capacity() >= 64u << 10) buffer_.shrink_to_fit();
    expires_at(until);
}

void connection::wake(steady_time deadline) {
    idle_ = false;
    expires_at(deadline);
}

bool connection::made_with(asio::ssl::context& context) noexcept {
    return tls_ && SSL_get_SSL_CTX(tls_->native_handle()) == context.native_handle();
}

bool connection::seems_alive() {
    char byte = 0;
    const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

asio::awaitable<result<void>> connection::secure(asio::ssl::context* context, const std::string& host,
                                                 bool literal_host, steady_time deadline,
                                                 std::string& cause) {
    expires_at(deadline);
    error_code ec;
    opened_ = std::chrono::steady_clock::now();
    if (context) {
        tls_.emplace(socket_, *context);
        // RFC 6066 3: no literal addresses in the server name.
        if (!literal_host && SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str()) != 1)
            co_return errc::tls_failed;
        tls_->set_verify_mode(asio::ssl::verify_peer, ec);
        if (!ec) tls_->set_verify_callback(asio::ssl::host_name_verification(host), ec);
        if (ec) co_return errc::tls_failed;
        const auto [broken] = co_await tls_->async_handshake(asio::ssl::stream_base::client, as_values);
        if (broken || timed_out_) {
            cause = timed_out_ ? "no answer in time" : told_by(tls_->native_handle(), broken);
            co_return errc::tls_failed;
        }
    }
    expires_never();
    co_return result<void>();
}

} // namespace offboard::http
