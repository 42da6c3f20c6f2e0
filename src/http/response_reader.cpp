#include "response_reader.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <limits>

namespace offboard::http {

namespace beast = boost::beast;

namespace {
constexpr unsigned most_interim_answers = 8;
}

response_reader::parser::parser(incoming_response& into, const answer_bounds& bounds, bool head)
    : into_(into), bounds_(bounds) {
    // Beast's own limits are off: it applies them piecewise. Ours count the whole header and the decoded
    // body.
    header_limit((std::numeric_limits<std::uint32_t>::max)());
    body_limit(boost::none);
    eager(false);
    skip(head);
}

void response_reader::parser::on_response_impl(int code, text, int, error_code&) {
    into_.status = static_cast<unsigned>(code);
}

void response_reader::parser::on_field_impl(field name, text spelling, text value, error_code&) {
    if (header_done) return; // a trailer
    auto& [lower, kept] = into_.headers.emplace_back(std::string(spelling.data(), spelling.size()),
                                                     std::string(value.data(), value.size()));
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (name == field::transfer_encoding && !beast::iequals(value, "chunked")) odd_coding = true;
}

void response_reader::parser::on_header_impl(error_code& ec) {
    header_done = true;
    // A coding that we did not ask for, or a coding beside a length, leaves the end of the answer open to
    // opinion.
    if (odd_coding) ec = beast::http::error::bad_transfer_encoding;
}

void response_reader::parser::on_body_init_impl(const boost::optional<std::uint64_t>& length,
                                                error_code& ec) {
    if (!length) return;
    declared = *length;
    if (declared > bounds_.body_bytes) {
        too_large = true;
        ec = beast::http::error::body_limit;
        return;
    }
    into_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(declared, 256u << 10)));
}

std::size_t response_reader::parser::on_body_impl(text bytes, error_code& ec) {
    add_body(bytes, ec);
    return bytes.size();
}

void response_reader::parser::on_chunk_header_impl(std::uint64_t size, text, error_code& ec) {
    lines.on_chunk(size);
    if (size <= bounds_.body_bytes - into_.body.size()) return;
    too_large = true;
    ec = beast::http::error::body_limit;
}

std::size_t response_reader::parser::on_chunk_body_impl(std::uint64_t, text bytes, error_code& ec) {
    lines.on_bytes(bytes.size());
    add_body(bytes, ec);
    return bytes.size();
}

void response_reader::parser::add_body(text bytes, error_code& ec) {
    if (bytes.size() > bounds_.body_bytes - into_.body.size()) {
        too_large = true;
        ec = beast::http::error::body_limit;
        return;
    }
    into_.body.append(bytes.data(), bytes.size());
}

response_reader::response_reader(incoming_response& into, answer_bounds bounds, bool head)
    : into_(into), bounds_(bounds), head_(head) {
    parser_.emplace(into_, bounds_, head_);
}

response_reader::progress response_reader::read(std::string_view bytes, std::size_t& used) {
    used = 0;
    beast::error_code ec;
    for (;;) {
        const std::string_view rest = bytes.substr(used);
        if (rest.empty()) return progress::need_more;
        const bool in_header = !parser_->header_done;
        const bool at_begin = in_header && !parser_->got_some();
        parser_input next{rest, rest.size(), false};
        if (at_begin)
            next = mend_status_line(rest, mended_head_);
        else if (!in_header && parser_->chunked())
            next = parser_->lines.next(rest);
        std::size_t n = 0;
        if (next.give.empty())
            ec = beast::http::error::need_more;
        else
            n = parser_->put({next.give.data(), next.give.size()}, ec);
        if (next.mended && !ec && n != next.give.size()) return fail(errc::answer_malformed);
        if (next.mended) n = next.used;
        used += n;
        if (in_header) header_used_ += n;
        if (parser_->too_large) return fail(errc::answer_too_large);
        if (ec == beast::http::error::need_more) {
            const std::size_t waiting = bytes.size() - used;
            if ((in_header ? header_used_ : 0) + waiting > bounds_.header_bytes)
                return fail(errc::answer_too_large);
            return progress::need_more;
        }
        if (ec) return fail(errc::answer_malformed);
        if (in_header && header_used_ > bounds_.header_bytes) return fail(errc::answer_too_large);
        if (!parser_->is_done()) continue;
        if (into_.status >= 200) return progress::complete;
        // An interim answer. We asked to switch to nothing, so 101 has no business here.
        if (into_.status < 100 || into_.status == 101 || ++interim_ > most_interim_answers)
            return fail(errc::answer_malformed);
        into_ = incoming_response{};
        parser_.emplace(into_, bounds_, head_);
    }
}

response_reader::progress response_reader::read_end() {
    if (!parser_->got_some()) return fail(errc::answer_lost);
    beast::error_code ec;
    parser_->put_eof(ec);
    if (ec) return fail(errc::answer_lost);
    // To Beast 0xx is an answer whose body lasts until the end of the connection.
    if (into_.status < 200) return fail(errc::answer_malformed);
    return progress::complete;
}

} // namespace offboard::http
