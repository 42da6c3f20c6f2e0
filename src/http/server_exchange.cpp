#include "server_exchange.hpp"

#include "offboard/telemetry/origin.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <vector>

namespace offboard::http {

namespace asio = boost::asio;
using clock_now = std::chrono::steady_clock;

namespace {

constexpr std::size_t least_room = 4u << 10; ///< holds a usual request whole
constexpr std::size_t most_room = 64u << 10; ///< for one read of a long body

std::string_view method_label(std::string_view method) noexcept {
    for (const std::string_view known : {"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
        if (method == known) return known;
    return "other";
}

} // namespace

server_exchange::server_exchange(session_context& shared)
    : shared_(shared), buffer_(shared.limits.header_bytes + most_room + least_room) {}

std::string_view server_exchange::unread() const noexcept {
    const auto bytes = buffer_.cdata();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

asio::mutable_buffer server_exchange::room() {
    const bool long_body = request_.content_length && *request_.content_length > most_room;
    const std::size_t wanted =
        std::max(long_body ? most_room : least_room, buffer_.capacity() - buffer_.size());
    return buffer_.prepare(std::min({wanted, most_room, buffer_.max_size() - buffer_.size()}));
}

/// RFC 9112 2.2: empty lines before a request are not held against it. True when nothing has come but those.
bool server_exchange::nothing_has_come() {
    while (unread().substr(0, 2) == "\r\n")
        buffer_.consume(2);
    return unread().empty() || unread() == "\r";
}

void server_exchange::begin_message() {
    request_.drop_body(); // which an assignment would keep
    request_ = request{};
    known_.id.clear();
    known_.trace = {};
    reader_.emplace(request_, shared_.limits, shared_.bodies);
    answer_.reset();
    progress_ = progress::need_more;
    if (buffer_.size() == 0 && buffer_.capacity() >= most_room) buffer_.shrink_to_fit();
}

void server_exchange::read_head() {
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

void server_exchange::remember_request() {
    known_.id = request_.request_id; // its memory is used again and again
    known_.method = method_label(request_.method);
    known_.route = request_.route;
    known_.received = request_.received;
    known_.trace = request_.trace;
    known_.head = request_.head;
}

bool server_exchange::sends_body() const noexcept {
    return !known_.head && may_have_body(answer_->status);
}

/// Decides what can be decided before the body is read.
void server_exchange::judge_head() {
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

void server_exchange::read_more_body() {
    std::size_t used = 0;
    progress_ = reader_->read_body(unread(), used);
    buffer_.consume(used);
    if (progress_ == progress::failed) {
        if (&reader_->failure() == &faults::crowded) count(refusal::body_total);
        return answer_with(reader_->failure());
    }
    if (progress_ == progress::need_more && buffer_.size() == buffer_.max_size()) answer_with(faults::chunk);
}

bool server_exchange::wants_interim_answer() const noexcept {
    return reader_->expects_continue() && progress_ == progress::need_more && buffer_.size() == 0 &&
           request_.body.empty();
}

void server_exchange::answer_with(const fault& f) {
    if (known_.id.empty()) {
        if (request_.request_id.empty()) request_.request_id = shared_.hooks.make_request_id();
        remember_request();
    }
    answer_ = shared_.hooks.problem(f.status, f.name, f.detail, known_.id);
    if (f.status == 503) answer_->with("Retry-After", std::to_string(shared_.limits.retry_after.count()));
    last_ = rest_unread_ = true;
}

/// The connection is not to blame: it goes on if what was sent on it has been read.
void server_exchange::refuse_for_now(const fault& f, refusal why) {
    count(why);
    answer_with(f);
    last_ = rest_unread_ = false;
}

void server_exchange::count(refusal why) {
    if (shared_.hooks.refused) shared_.hooks.refused(why);
}

void server_exchange::end_with_exception(std::string_view what) {
    const telemetry::origin whose(known_.id, known_.trace);
    std::vector<telemetry::field> fields = {{"route", known_.route}, {"exception", what}};
    whose.add_to(fields);
    shared_.log.write(telemetry::level::error, "a handler failed", fields);
    answer_with(faults::internal);
    rest_unread_ = false;
}

void server_exchange::compose() {
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

void server_exchange::report(bool delivered) {
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

std::array<asio::const_buffer, 2> server_exchange::parts() const noexcept {
    return {asio::buffer(head_), sends_body() ? asio::buffer(answer_->payload()) : asio::const_buffer()};
}

} // namespace offboard::http
