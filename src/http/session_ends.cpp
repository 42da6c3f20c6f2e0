#include "session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>

// How a connection begins and ends; what happens between is in session.cpp.

namespace offboard::http {

namespace asio = boost::asio;
using boost::system::error_code;

/// True when the connection is secured; if not, it has had what answer there is.
asio::awaitable<bool> session::shake_hands() {
    expires_at(opened_ + shared_.limits.header_time);
    const error_code failed = co_await stream_.shake_hands();
    expires_never();
    if (!failed) co_return true;
    if (shared_.draining) co_return false;
    count(refusal::handshake);
    const std::string why = timed_out_ ? "not done in time" : failed.message();
    shared_.log.debug("a TLS handshake failed", {{"reason", why}});
    if (!session_stream::was_plain_http(failed)) co_return false;
    stream_.give_up_tls();
    co_await answer_unasked(faults::in_the_clear);
    co_return false;
}

/// Ends an idle connection. Over TLS close_notify tells the other side that nothing was cut off. While the
/// process is going down a request may be on its way: the connection is closed for writing and read to its
/// end, so that the other side sees an end and no reset.
asio::awaitable<void> session::part() {
    if (stream_.secure() && stream_.socket().is_open()) co_await say_goodbye();
    if (shared_.draining && stream_.socket().is_open()) co_await linger();
    cut();
}

asio::awaitable<void> session::say_goodbye() {
    expires_after(shared_.limits.linger_time);
    co_await stream_.say_goodbye();
    expires_never();
}

/// Closing while the client still sends would make the system throw the answer away together with its input.
/// What it sends is read below TLS and dropped.
asio::awaitable<void> session::linger() {
    error_code ec;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ec);
    if (ec) co_return;
    expires_after(shared_.limits.linger_time);
    std::size_t left = shared_.limits.linger_bytes;
    std::array<char, 4096> discarded;
    while (left > 0 && !timed_out_) {
        const asio::mutable_buffer space = asio::buffer(discarded);
        const auto [failed, n] = co_await stream_.socket().async_read_some(space, as_values);
        if (failed) break;
        left -= std::min(left, n);
    }
    expires_never();
}

asio::awaitable<void> session::turn_away() {
    count(refusal::connections);
    if (stream_.secure()) {
        const bool secured = co_await shake_hands();
        if (!secured) co_return cut();
    }
    co_await answer_unasked(faults::full);
}

asio::awaitable<void> session::answer_unasked(const fault& f) {
    idle_ = false;
    answer_with(f);
    compose();
    std::size_t written = 0;
    const error_code ec = stream_.write_now(parts(), written);
    bool delivered = !ec;
    if (ec == asio::error::would_block) delivered = co_await write_rest(written);
    report(delivered);
    if (!delivered) co_return;
    if (stream_.secure()) co_await say_goodbye();
    co_await linger();
}

} // namespace offboard::http
