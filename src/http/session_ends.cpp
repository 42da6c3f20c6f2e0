#include "session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

// How a connection begins and ends, and how a long answer leaves; what happens between is in session.cpp.

namespace offboard::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t small_answer = 4u << 10;

struct counted_bytes {
    counted_bytes(std::size_t& all, std::size_t n) : all_(all), n_(n) { all_ += n_; }
    counted_bytes(const counted_bytes&) = delete;
    counted_bytes& operator=(const counted_bytes&) = delete;
    ~counted_bytes() { all_ -= n_; }
    std::size_t& all_;
    const std::size_t n_;
};

} // namespace

/// True when the connection is secured; if not, it has had what answer there is.
asio::awaitable<bool> session::shake_hands() {
    expires_at(opened_ + shared_.limits.header_time);
    const error_code failed = co_await stream_.shake_hands();
    expires_never();
    if (!failed) co_return true;
    if (shared_.draining) co_return false;
    exchange_.count(refusal::handshake);
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

/// After the last answer.
asio::awaitable<void> session::end() {
    if (stream_.secure()) co_await say_goodbye();
    if (exchange_.rest_unread() || exchange_.has_unread()) co_await linger();
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
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
    exchange_.count(refusal::connections);
    if (stream_.secure()) {
        const bool secured = co_await shake_hands();
        if (!secured) co_return cut();
    }
    co_await answer_unasked(faults::full);
}

asio::awaitable<void> session::answer_unasked(const fault& f) {
    idle_ = false;
    exchange_.answer_with(f);
    exchange_.compose();
    std::size_t written = 0;
    const error_code ec = stream_.write_now(exchange_.parts(), written);
    bool delivered = !ec;
    if (ec == asio::error::would_block) delivered = co_await write_rest(written);
    exchange_.report(delivered);
    if (!delivered) co_return;
    if (stream_.secure()) co_await say_goodbye();
    co_await linger();
}

/// What the system did not take at once. False: the client did not read it in time, or there is no room.
asio::awaitable<bool> session::write_rest(std::size_t written) {
    // A body that all answers share costs nothing here; and a small answer is never cut, for all connections
    // together hold little of those.
    const std::size_t held =
        exchange_.parts()[0].size() + (exchange_.shares_body() ? 0 : exchange_.parts()[1].size());
    const bool bounded = held > small_answer && shared_.unread != 0;
    // A client that reads nothing must not take the memory of all others.
    if (bounded && shared_.unread + held > shared_.limits.unread_total) co_return false;
    const counted_bytes counted(shared_.unread, held);
    expires_after(shared_.limits.write_time);
    std::array<asio::const_buffer, 2> rest = exchange_.parts();
    const std::size_t of_head = std::min(written, rest[0].size());
    rest[0] += of_head;
    rest[1] += written - of_head;
    const auto [failed, n] = co_await asio::async_write(stream_, rest, as_values);
    expires_never();
    co_return !failed;
}

} // namespace offboard::http
