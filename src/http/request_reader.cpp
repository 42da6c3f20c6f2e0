#include "request_reader.hpp"

#include "target.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace offboard::http {

namespace beast = boost::beast;

namespace {

/// No more of a body is counted and reserved on the word of its sender alone.
constexpr std::size_t on_trust = 4u << 10;

std::string_view std_view(beast::string_view s) noexcept {
    return {s.data(), s.size()};
}

/// A line that begins with a blank continues the one before it. Beast unfolds it; RFC 9112 5.2 lets us refuse
/// it, and two readers of one message may disagree on it.
bool is_folded(std::string_view header) noexcept {
    for (std::size_t at = header.find('\n'); at + 1 < header.size(); at = header.find('\n', at + 1)) {
        if (header[at + 1] == ' ' || header[at + 1] == '\t') return true;
    }
    return false;
}

} // namespace

request_reader::request_reader(request& into, const server_limits& limits, body_budget& bodies)
    : request_(into), limits_(limits), bodies_(bodies) {
    // Beast's own limits are off: it applies them piecewise. Ours count the whole header and the decoded
    // body.
    header_limit((std::numeric_limits<std::uint32_t>::max)());
    body_limit(boost::none);
    eager(false);
}

bool request_reader::declares_too_much() const noexcept {
    return request_.content_length && *request_.content_length > limits_.body_bytes;
}

bool request_reader::hold_body() noexcept {
    const auto declared = static_cast<std::size_t>(request_.content_length.value_or(0));
    // There must be room for all of it now. A client that announces much and sends nothing keeps no other
    // out.
    if (body_lease whole; !whole.grow_to(bodies_, declared)) return false;
    holds_body_ = request_.held.grow_to(bodies_, std::min(declared, on_trust));
    return holds_body_;
}

progress request_reader::read_header(std::string_view bytes) {
    error_code ec;
    while (!header_done_) {
        const std::string_view rest = bytes.substr(parsed_);
        if (rest.empty())
            ec = beast::http::error::need_more;
        else
            parsed_ += put({rest.data(), rest.size()}, ec);
        if (fault_) return progress::failed;
        if (!ec) continue;
        if (ec != beast::http::error::need_more) return fail(name_header_error(ec, bytes));
        if (bytes.size() > limits_.target_bytes + 64 && request_.method.empty())
            return fail(faults::long_target);
        if (bytes.size() >= limits_.header_bytes) return fail(faults::header);
        return progress::need_more;
    }
    if (parsed_ > limits_.header_bytes) return fail(faults::header);
    if (const fault* f = check_header(bytes.substr(0, parsed_))) return fail(*f);
    if (const auto length = content_length()) request_.content_length = *length;
    request_.chunked = chunked();
    request_.head = request_.method == "HEAD";
    eager(!request_.chunked); // every line of a chunk is looked at
    return progress::complete;
}

const fault& request_reader::name_header_error(const error_code& ec, std::string_view bytes) const {
    namespace http = beast::http;
    if (ec == http::error::bad_transfer_encoding || ec == http::error::bad_content_length ||
        ec == http::error::multiple_content_length)
        return faults::framing;
    if (ec != http::error::bad_version) return faults::malformed;
    // A version of the right form that is not ours deserves its own answer.
    const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
    const std::size_t at = line.rfind(" HTTP/");
    if (at == line.npos) return faults::malformed;
    const std::string_view number = line.substr(at + 6);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool form = number.size() == 3 && digit(number[0]) && number[1] == '.' && digit(number[2]);
    return form && number != "1.0" && number != "1.1" ? faults::version : faults::malformed;
}

const fault* request_reader::check_header(std::string_view header) {
    if (is_folded(header)) return &faults::folded;
    if (codings_ != 0) {
        if (lengths_ || codings_ > 1 || version_ == 10) return &faults::framing;
        if (!only_chunked_) return &faults::coding;
    }
    if (hosts_ > 1 || (hosts_ == 0 && version_ == 11)) return &faults::host;
    if (hosts_ == 1 && !is_authority(request_.header("host"))) return &faults::host;
    if (!split_target(request_)) return &faults::target;
    if (expects_other_ && version_ == 11) return &faults::expectation;
    if (version_ == 10) expects_continue_ = false;
    return nullptr;
}

void request_reader::on_request_impl(beast::http::verb, text method, text target, int version,
                                     error_code& ec) {
    version_ = version;
    if (target.size() > limits_.target_bytes) {
        fail(faults::long_target);
        ec = beast::http::error::bad_target;
        return;
    }
    request_.method = std_view(method);
    request_.target = std_view(target);
}

void request_reader::on_field_impl(field name, text spelling, text value, error_code&) {
    if (header_done_) return; // a trailer: read to frame the message, otherwise ignored
    auto& [lower, kept] = request_.headers.emplace_back(std_view(spelling), std_view(value));
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    switch (name) {
    case field::host: ++hosts_; break;
    case field::content_length: lengths_ = true; break;
    case field::transfer_encoding:
        ++codings_;
        only_chunked_ = beast::iequals(value, "chunked");
        break;
    case field::expect:
        (beast::iequals(value, "100-continue") ? expects_continue_ : expects_other_) = true;
        break;
    default: break;
    }
}

progress request_reader::read_body(std::string_view bytes, std::size_t& used) {
    used = 0;
    error_code ec;
    while (!is_done()) {
        const std::string_view rest = bytes.substr(used);
        if (rest.empty()) return progress::need_more;
        parser_input next{rest, rest.size(), false};
        if (request_.chunked) next = lines_.next(rest);
        if (next.give.empty()) return progress::need_more;
        const std::size_t n = put({next.give.data(), next.give.size()}, ec);
        if (next.mended && !ec && n != next.give.size()) return fail(faults::chunk);
        used += next.mended && !ec ? next.used : n;
        if (fault_) return progress::failed;
        if (ec == beast::http::error::need_more) return progress::need_more;
        if (ec) return fail(faults::chunk);
    }
    return progress::complete;
}

void request_reader::on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) {
    if (length) request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, on_trust)));
}

std::size_t request_reader::on_body_impl(text bytes, error_code& ec) {
    add_body(bytes, ec);
    return bytes.size();
}

void request_reader::on_chunk_header_impl(std::uint64_t size, text, error_code& ec) {
    lines_.on_chunk(size);
    if (size <= limits_.body_bytes - request_.body.size()) return;
    fail(faults::body);
    ec = beast::http::error::body_limit;
}

std::size_t request_reader::on_chunk_body_impl(std::uint64_t, text bytes, error_code& ec) {
    lines_.on_bytes(bytes.size());
    add_body(bytes, ec);
    return bytes.size();
}

void request_reader::add_body(text bytes, error_code& ec) {
    if (bytes.size() > limits_.body_bytes - request_.body.size()) {
        fail(faults::body);
        ec = beast::http::error::body_limit;
        return;
    }
    if (holds_body_ && !request_.held.grow_to(bodies_, request_.body.size() + bytes.size())) {
        fail(faults::crowded);
        ec = beast::http::error::body_limit;
        return;
    }
    request_.body.append(bytes.data(), bytes.size());
}

} // namespace offboard::http
