#include "session.hpp"

#include "offboard/telemetry/origin.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/core/demangle.hpp>

#include <algorithm>
#include <array>
#include <typeinfo>

namespace offboard::http {

namespace asio = boost::asio;
using boost::system::error_code;
using clock_now = std::chrono::steady_clock;

namespace {

constexpr auto again_after = std::chrono::milliseconds(10);
constexpr auto longest_late = std::chrono::seconds(1);
constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";

struct in_flight_count {
    explicit in_flight_count(session_context& c) : shared(c) { ++shared.in_flight; }
    in_flight_count(const in_flight_count&) = delete;
    in_flight_count& operator=(const in_flight_count&) = delete;
    ~in_flight_count() { --shared.in_flight; }
    session_context& shared;
};

} // namespace

session::session(session_context& shared, tcp_socket socket, std::shared_ptr<asio::ssl::context> tls)
    : entry(shared.watch), shared_(shared), place_(shared.sessions.insert(shared.sessions.end(), this)),
      stream_(std::move(socket), std::move(tls)), opened_(clock_now::now()), exchange_(shared) {}

session::~session() {
    shared_.sessions.erase(place_);
}

void session::on_deadline() noexcept {
    const steady_time now = clock_now::now();
    if (!timed_out_) late_until_ = now + longest_late;
    timed_out_ = true;
    error_code ignored;
    stream_.socket().cancel(ignored);
    // What is under way may be several operations, one after the other (a handshake, a record that comes in
    // pieces, a long write): a step that was just done is not cancelled and the next one would wait for ever.
    // So once more, until the session has seen that the time is up and sets or ends the deadline.
    expires_at(now + again_after);
}

void session::expires_after(duration d) {
    timed_out_ = false;
    expires_at(clock_now::now() + d);
}

/// Asked after each read. True when the deadline has passed and what is read for is not here. `quiet`: the
/// read brought nothing. TLS keeps bytes that the socket no longer shows, so only such a read proves that
/// nothing is left.
bool session::time_is_up(bool quiet) {
    if (!timed_out_) return false;
    if (clock_now::now() >= late_until_) return true;
    error_code ec;
    return quiet && (stream_.socket().available(ec) == 0 || ec);
}

void session::drain() {
    if (!idle_) return;
    // A request may be on its way: it has a moment to come, and is answered with Connection: close.
    timed_out_ = false;
    expires_at(clock_now::now() + std::min<duration>(shared_.limits.drain_grace, shared_.limits.idle_time));
}

void session::cut() {
    error_code ignored;
    stream_.socket().close(ignored);
}

bool session::begin_wait(bool first) {
    exchange_.begin_message();
    idle_ = exchange_.nothing_has_come();
    if (idle_ && shared_.draining && !first) return false;
    const server_limits& l = shared_.limits;
    if (first) {
        const duration most =
            shared_.draining ? std::min<duration>(l.drain_grace, l.header_time) : l.header_time;
        timed_out_ = false;
        expires_at(opened_ + most);
    } else {
        expires_after(idle_ ? l.idle_time : l.header_time);
    }
    if (!idle_) exchange_.read_head();
    return true;
}

session::then session::on_head_bytes(error_code ec, std::size_t n) {
    exchange_.commit(n);
    if (idle_) {
        idle_ = exchange_.nothing_has_come();
        const bool ended = ec == asio::error::eof || ec == asio::error::operation_aborted;
        if (ec && !ended) return then::cut;
        // A request may have come together with the end of the wait: it is answered.
        if (ec == asio::error::operation_aborted && timed_out_ && !time_is_up(true)) return then::read;
        if (ec || (idle_ && timed_out_)) return then::part;
        if (idle_) return then::read;
        exchange_.read_head();
        if (exchange_.needs_more()) expires_after(shared_.limits.header_time);
    } else {
        if (ec && !timed_out_) return then::cut;
        if (!ec) exchange_.read_head();
        if (exchange_.needs_more() && time_is_up(n == 0)) {
            exchange_.answer_with(faults::timeout);
            return then::go_on;
        }
    }
    return exchange_.needs_more() ? then::read : then::go_on;
}

session::then session::on_body_bytes(error_code ec, std::size_t n) {
    exchange_.commit(n);
    if (ec && !timed_out_) return then::cut;
    if (!ec) exchange_.read_more_body();
    if (exchange_.wants_body() && time_is_up(n == 0)) exchange_.answer_with(faults::timeout);
    return exchange_.wants_body() ? then::read : then::go_on;
}

asio::awaitable<void> session::run() {
    if (stream_.secure()) {
        const bool secured = co_await shake_hands();
        if (!secured) co_return cut();
    }
    for (bool first = true; !exchange_.is_last(); first = false) {
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return;
        if (!begin_wait(first)) break;
        for (then next = exchange_.needs_more() ? then::read : then::go_on; next == then::read;) {
            const asio::mutable_buffer space = exchange_.room();
            const auto [failed, n] = co_await stream_.async_read_some(space, as_values);
            next = on_head_bytes(failed, n);
            if (next == then::cut) co_return cut();
            if (next != then::part) continue;
            co_await part();
            co_return;
        }
        expires_never();
        const in_flight_count counted(shared_);
        if (!exchange_.has_answer()) exchange_.judge_head();
        exchange_.remember_request();
        if (exchange_.wants_body()) {
            expires_after(shared_.limits.body_time);
            if (exchange_.wants_interim_answer()) {
                const asio::const_buffer text = asio::buffer(interim);
                const auto [failed, n] = co_await asio::async_write(stream_, text, as_values);
                if (failed) co_return cut();
            }
            while (exchange_.wants_body()) {
                const asio::mutable_buffer space = exchange_.room();
                const auto [failed, n] = co_await stream_.async_read_some(space, as_values);
                if (on_body_bytes(failed, n) == then::cut) co_return cut();
            }
            expires_never();
        }
        if (!exchange_.has_answer()) {
            std::string failure;
            try {
                response made = co_await shared_.serve.handle(exchange_.take_request());
                exchange_.answer(std::move(made));
            } catch (const std::exception& e) {
                failure = boost::core::demangle(typeid(e).name());
            } catch (...) {
                failure = "unknown";
            }
            if (!exchange_.has_answer()) {
                const asio::cancellation_state now = co_await asio::this_coro::cancellation_state;
                if (now.cancelled() != asio::cancellation_type::none) co_return cut();
                exchange_.end_with_exception(failure);
            }
        }
        exchange_.compose();
        std::size_t written = 0;
        const error_code ec = stream_.write_now(exchange_.parts(), written);
        bool delivered = !ec;
        if (ec == asio::error::would_block) delivered = co_await write_rest(written);
        exchange_.report(delivered);
        if (!delivered) co_return cut();
    }
    co_await end();
}

} // namespace offboard::http
