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

constexpr std::size_t least_room = 4u << 10; ///< holds a usual request whole
constexpr std::size_t most_room = 64u << 10; ///< for one read of a long body
constexpr auto again_after = std::chrono::milliseconds(10);
constexpr auto longest_late = std::chrono::seconds(1);
constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view method_label(std::string_view method) noexcept {
    for (const std::string_view known : {"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
        if (method == known) return known;
    return "other";
}

struct in_flight_count {
    explicit in_flight_count(session_context& c) : shared(c) { ++shared.in_flight; }
    in_flight_count(const in_flight_count&) = delete;
    in_flight_count& operator=(const in_flight_count&) = delete;
    ~in_flight_count() { --shared.in_flight; }
    session_context& shared;
};

/// An eighth of the shortest limit, so that lateness does not show, but no more looks than a busy server can
/// spare.
duration grain_for(const server_limits& l) {
    const duration shortest =
        std::min({l.header_time, l.body_time, l.idle_time, l.write_time, l.linger_time});
    return std::clamp<duration>(shortest / 8, std::chrono::milliseconds(1), std::chrono::milliseconds(100));
}

} // namespace

session_context::session_context(asio::io_context& io, server_limits l, handler& h, server_hooks k,
                                 telemetry::log& g)
    : limits(l), serve(h), hooks(std::move(k)), log(g), watch(io, grain_for(l)), bodies(l.body_total) {}

session::session(session_context& shared, tcp_socket socket, std::shared_ptr<asio::ssl::context> tls)
    : entry(shared.watch), shared_(shared), place_(shared.sessions.insert(shared.sessions.end(), this)),
      stream_(std::move(socket), std::move(tls)), opened_(clock_now::now()),
      buffer_(shared.limits.header_bytes + most_room + least_room) {}

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

std::string_view session::unread() const noexcept {
    const auto bytes = buffer_.cdata();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

asio::mutable_buffer session::room() {
    const bool long_body = request_.content_length && *request_.content_length > most_room;
    const std::size_t wanted =
        std::max(long_body ? most_room : least_room, buffer_.capacity() - buffer_.size());
    return buffer_.prepare(std::min({wanted, most_room, buffer_.max_size() - buffer_.size()}));
}

/// RFC 9112 2.2: empty lines before a request are not held against it. True when nothing has come but those.
bool session::nothing_has_come() {
    while (unread().substr(0, 2) == "\r\n")
        buffer_.consume(2);
    return unread().empty() || unread() == "\r";
}

void session::begin_message() {
    request_.drop_body(); // which an assignment would keep
    request_ = request{};
    known_.id.clear();
    known_.trace = {};
    reader_.emplace(request_, shared_.limits, shared_.bodies);
    answer_.reset();
    progress_ = progress::need_more;
    if (buffer_.size() == 0 && buffer_.capacity() >= most_room) buffer_.shrink_to_fit();
}

void session::read_head() {
    progress_ = reader_->read_header(unread());
    if (progress_ == progress::need_more) return;
    if (progress_ == progress::complete) buffer_.consume(reader_->header_size());
    request_.received = clock_now::now();
    request_.request_id = shared_.hooks.make_request_id();
    // What could not be read has no field that counts.
    const bool read = progress_ == progress::complete;
    if (const auto& trace = shared_.hooks.trace)
        request_.trace = trace(read ? request_.header_list("traceparent") : std::string());
}

void session::remember_request() {
    known_.id = request_.request_id; // its memory is used again and again
    known_.method = method_label(request_.method);
    known_.route = request_.route;
    known_.received = request_.received;
    known_.trace = request_.trace;
    known_.head = request_.head;
}

bool session::sends_body() const noexcept {
    return !known_.head && may_have_body(answer_->status);
}

/// Decides what can be decided before the body is read.
void session::judge_head() {
    if (progress_ == progress::failed) return answer_with(reader_->failure());
    if (shared_.in_flight > shared_.limits.in_flight)
        refuse_for_now(faults::busy, refusal::in_flight);
    else
        answer_ = shared_.serve.refuse(request_);
    if (!answer_ && reader_->declares_too_much()) return answer_with(faults::body);
    if (!answer_ && !reader_->hold_body()) refuse_for_now(faults::crowded, refusal::body_total);
    last_ = !reader_->keep_alive();
    if (!answer_) {
        read_more_body();
        // An empty chunked body is none, but it comes with the head: no more bytes are waited for.
        if (!answer_ && progress_ == progress::need_more && !request_.takes_body && request_.chunked)
            answer_with(faults::unwanted_body);
        return;
    }
    // A refused request's body is skipped when it is here already; else the connection ends with the answer.
    if (!reader_->declares_too_much() && !reader_->expects_continue()) read_more_body();
    if (reader_->body_complete()) return;
    last_ = rest_unread_ = true;
}

void session::read_more_body() {
    std::size_t used = 0;
    progress_ = reader_->read_body(unread(), used);
    buffer_.consume(used);
    if (progress_ == progress::failed) {
        if (&reader_->failure() == &faults::crowded) count(refusal::body_total);
        return answer_with(reader_->failure());
    }
    if (progress_ == progress::need_more && buffer_.size() == buffer_.max_size()) answer_with(faults::chunk);
}

bool session::wants_interim_answer() const noexcept {
    return reader_->expects_continue() && progress_ == progress::need_more && buffer_.size() == 0 &&
           request_.body.empty();
}

void session::answer_with(const fault& f) {
    if (known_.id.empty()) {
        if (request_.request_id.empty()) request_.request_id = shared_.hooks.make_request_id();
        remember_request();
    }
    answer_ = shared_.hooks.problem(f.status, f.name, f.detail, known_.id);
    if (f.status == 503) answer_->with("Retry-After", std::to_string(shared_.limits.retry_after.count()));
    last_ = rest_unread_ = true;
}

/// The connection is not to blame: it goes on if what was sent on it has been read.
void session::refuse_for_now(const fault& f, refusal why) {
    count(why);
    answer_with(f);
    last_ = rest_unread_ = false;
}

void session::count(refusal why) {
    if (shared_.hooks.refused) shared_.hooks.refused(why);
}

void session::end_with_exception(std::string_view what) {
    const telemetry::origin whose(known_.id, known_.trace);
    std::vector<telemetry::field> fields = {{"route", known_.route}, {"exception", what}};
    whose.add_to(fields);
    shared_.log.write(telemetry::level::error, "a handler failed", fields);
    answer_with(faults::internal);
    rest_unread_ = false;
}

void session::compose() {
    if (answer_->close || shared_.closing) last_ = true;
    if (known_.trace.exists()) answer_->with("traceparent", telemetry::to_traceparent(known_.trace));
    request_.drop_body(); // it may take long until the client has the answer
    framing frame;
    frame.keep_alive = !last_;
    frame.old_version = reader_ && reader_->old_version();
    frame.request_id = known_.id;
    frame.date = shared_.date.now();
    head_.clear();
    append_head(head_, *answer_, frame);
}

void session::report(bool delivered) {
    if (!shared_.hooks.observe) return;
    exchange_record record;
    record.method = known_.method;
    record.route = known_.route;
    record.request_id = known_.id;
    record.concerning = answer_->concerning;
    record.asked_by = answer_->asked_by;
    record.trace = known_.trace;
    record.status = answer_->status;
    if (known_.received != steady_time{}) record.took = clock_now::now() - known_.received;
    record.body_bytes = answer_->payload().size();
    record.delivered = delivered;
    shared_.hooks.observe(record);
}

std::array<asio::const_buffer, 2> session::parts() const noexcept {
    return {asio::buffer(head_), sends_body() ? asio::buffer(answer_->payload()) : asio::const_buffer()};
}

bool session::begin_wait(bool first) {
    begin_message();
    idle_ = nothing_has_come();
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
    if (!idle_) read_head();
    return true;
}

session::then session::on_head_bytes(error_code ec, std::size_t n) {
    buffer_.commit(n);
    if (idle_) {
        idle_ = nothing_has_come();
        const bool ended = ec == asio::error::eof || ec == asio::error::operation_aborted;
        if (ec && !ended) return then::cut;
        // A request may have come together with the end of the wait: it is answered.
        if (ec == asio::error::operation_aborted && timed_out_ && !time_is_up(true)) return then::read;
        if (ec || (idle_ && timed_out_)) return then::part;
        if (idle_) return then::read;
        read_head();
        if (progress_ == progress::need_more) expires_after(shared_.limits.header_time);
    } else {
        if (ec && !timed_out_) return then::cut;
        if (!ec) read_head();
        if (progress_ == progress::need_more && time_is_up(n == 0)) {
            answer_with(faults::timeout);
            return then::go_on;
        }
    }
    return progress_ == progress::need_more ? then::read : then::go_on;
}

session::then session::on_body_bytes(error_code ec, std::size_t n) {
    buffer_.commit(n);
    if (ec && !timed_out_) return then::cut;
    if (!ec) read_more_body();
    if (wants_body() && time_is_up(n == 0)) answer_with(faults::timeout);
    return wants_body() ? then::read : then::go_on;
}

asio::awaitable<void> session::run() {
    if (stream_.secure()) {
        const bool secured = co_await shake_hands();
        if (!secured) co_return cut();
    }
    for (bool first = true; !last_; first = false) {
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return;
        if (!begin_wait(first)) break;
        for (then next = progress_ == progress::need_more ? then::read : then::go_on; next == then::read;) {
            const asio::mutable_buffer space = room();
            const auto [failed, n] = co_await stream_.async_read_some(space, as_values);
            next = on_head_bytes(failed, n);
            if (next == then::cut) co_return cut();
            if (next != then::part) continue;
            co_await part();
            co_return;
        }
        expires_never();
        const in_flight_count counted(shared_);
        if (!answer_) judge_head();
        remember_request();
        if (wants_body()) {
            expires_after(shared_.limits.body_time);
            if (wants_interim_answer()) {
                const asio::const_buffer text = asio::buffer(interim);
                const auto [failed, n] = co_await asio::async_write(stream_, text, as_values);
                if (failed) co_return cut();
            }
            while (wants_body()) {
                const asio::mutable_buffer space = room();
                const auto [failed, n] = co_await stream_.async_read_some(space, as_values);
                if (on_body_bytes(failed, n) == then::cut) co_return cut();
            }
            expires_never();
        }
        if (!answer_) {
            std::string failure;
            try {
                response made = co_await shared_.serve.handle(std::move(request_));
                answer_.emplace(std::move(made));
            } catch (const std::exception& e) {
                failure = boost::core::demangle(typeid(e).name());
            } catch (...) {
                failure = "unknown";
            }
            if (!answer_) {
                const asio::cancellation_state now = co_await asio::this_coro::cancellation_state;
                if (now.cancelled() != asio::cancellation_type::none) co_return cut();
                end_with_exception(failure);
            }
        }
        compose();
        std::size_t written = 0;
        const error_code ec = stream_.write_now(parts(), written);
        bool delivered = !ec;
        if (ec == asio::error::would_block) delivered = co_await write_rest(written);
        report(delivered);
        if (!delivered) co_return cut();
    }
    co_await end();
}

} // namespace offboard::http
