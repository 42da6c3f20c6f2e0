#pragma once

#include "lenient_text.hpp"

#include "offboard/base/error.hpp"
#include "offboard/base/exchange.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace offboard::http {

struct answer_bounds {
    std::size_t header_bytes;
    std::size_t body_bytes;
};

/// Turns the bytes of one answer, interim answers before it included, into an incoming_response. Beast's
/// parser does the grammar and writes straight into the response's own members. One per exchange. No input or
/// output here.
class response_reader {
public:
    /// `head`: the answer has no body whatever its header says.
    response_reader(incoming_response& into, answer_bounds, bool head);

    enum class progress { need_more, complete, failed };

    /// `used` says how much of `bytes` is done with; what is left is given again, followed by more.
    progress read(std::string_view bytes, std::size_t& used);

    /// The sender closed the connection in order: an answer without a length ends so.
    progress read_end();

    /// answer_malformed or answer_too_large.
    errc failure() const noexcept { return failure_; }

    /// After `complete`: another exchange may follow on the connection.
    bool keep_alive() const { return parser_->keep_alive(); }

    /// The length of the body that the header announced; 0 while it has announced none.
    std::size_t announced() const noexcept { return static_cast<std::size_t>(parser_->declared); }

private:
    class parser final : public boost::beast::http::basic_parser<false> {
    public:
        parser(incoming_response& into, const answer_bounds& bounds, bool head);
        std::uint64_t declared = 0;
        bool too_large = false;
        bool odd_coding = false;
        bool header_done = false;
        chunk_lines lines;

    private:
        using field = boost::beast::http::field;
        using error_code = boost::beast::error_code;
        using text = boost::beast::string_view;

        void add_body(text, error_code&);
        void on_request_impl(boost::beast::http::verb, text, text, int, error_code&) override {}
        void on_response_impl(int, text, int, error_code&) override;
        void on_field_impl(field, text, text, error_code&) override;
        void on_header_impl(error_code&) override;
        void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override;
        std::size_t on_body_impl(text, error_code&) override;
        void on_chunk_header_impl(std::uint64_t, text, error_code&) override;
        std::size_t on_chunk_body_impl(std::uint64_t, text, error_code&) override;
        void on_finish_impl(error_code&) override {}

        incoming_response& into_;
        const answer_bounds& bounds_;
    };

    progress fail(errc e) noexcept {
        failure_ = e;
        return progress::failed;
    }

    incoming_response& into_;
    answer_bounds bounds_;
    bool head_;
    std::optional<parser> parser_;
    std::string mended_head_;
    std::size_t header_used_ = 0;
    unsigned interim_ = 0;
    errc failure_ = errc::answer_malformed;
};

} // namespace offboard::http
