#pragma once

#include "fault.hpp"
#include "lenient_text.hpp"
#include "offboard/http/message.hpp"
#include "offboard/http/server.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <string_view>

namespace offboard::http {

enum class progress { need_more, complete, failed };

/// Turns the bytes of one message into a request. Beast's parser does the grammar and writes straight into
/// the request's own members; what Beast lets pass and we do not is checked when the header is complete. One
/// per message. No input or output here.
class request_reader final : private boost::beast::http::basic_parser<true> {
public:
    request_reader(request& into, const server_limits&, body_budget&);

    /// `bytes`: everything received of this message so far, from its first byte on. After `complete`,
    /// header_size() bytes belong to the header and the rest is body or the next message.
    progress read_header(std::string_view bytes);
    std::size_t header_size() const noexcept { return parsed_; }

    /// `bytes`: what follows what was used up before. `used` says how much of it is done with.
    progress read_body(std::string_view bytes, std::size_t& used);

    const fault& failure() const noexcept { return *fault_; }

    bool keep_alive() const { return basic_parser::keep_alive(); }
    bool old_version() const noexcept { return version_ == 10; }
    bool body_complete() const noexcept { return is_done(); }
    bool expects_continue() const noexcept { return expects_continue_; }

    /// From now on the body counts, as it comes. False when there is no room for its declared length: the
    /// body then does not count, and should be skipped.
    bool hold_body() noexcept;

    /// True when the declared body is beyond the limit.
    bool declares_too_much() const noexcept;

private:
    using field = boost::beast::http::field;
    using error_code = boost::beast::error_code;
    using text = boost::beast::string_view;

    progress fail(const fault& f) noexcept {
        if (!fault_) fault_ = &f;
        return progress::failed;
    }
    const fault* check_header(std::string_view header);
    const fault& name_header_error(const error_code&, std::string_view bytes) const;
    void add_body(text, error_code&);

    void on_request_impl(boost::beast::http::verb, text, text, int, error_code&) override;
    void on_response_impl(int, text, int, error_code&) override {}
    void on_field_impl(field, text, text, error_code&) override;
    void on_header_impl(error_code&) override { header_done_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override;
    std::size_t on_body_impl(text, error_code&) override;
    void on_chunk_header_impl(std::uint64_t, text, error_code&) override;
    std::size_t on_chunk_body_impl(std::uint64_t, text, error_code&) override;
    void on_finish_impl(error_code&) override {}

    request& request_;
    const server_limits& limits_;
    body_budget& bodies_;
    const fault* fault_ = nullptr;
    std::size_t parsed_ = 0;
    int version_ = 11;
    unsigned hosts_ = 0;
    unsigned codings_ = 0;
    bool only_chunked_ = false;
    bool lengths_ = false;
    bool header_done_ = false;
    bool holds_body_ = false;
    bool expects_continue_ = false;
    bool expects_other_ = false;
    chunk_lines lines_;
};

} // namespace offboard::http
