#include "request_reader.hpp"
#include "response_reader.hpp"

#include "offboard/http/body_budget.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>

/// Shapes that Beast refuses and that hide nothing: they are read however the bytes are cut.
namespace http_lenient_text_test {

using namespace offboard;
using namespace offboard::http;

namespace {

constexpr answer_bounds bounds{1024, 1024};

/// Reads an answer that comes in pieces of `step` bytes: "status body", or "more" or "refused".
std::string read_answer(std::string_view text, std::size_t step) {
    incoming_response into;
    response_reader reader(into, bounds, false);
    std::string here;
    for (std::size_t at = 0; at < text.size(); at += step) {
        here += text.substr(at, step);
        std::size_t used = 0;
        const auto state = reader.read(here, used);
        here.erase(0, used);
        if (state == response_reader::progress::failed) return "refused";
        if (state == response_reader::progress::complete)
            return std::to_string(into.status) + ' ' + into.body + here;
    }
    return "more";
}

std::string read_request(std::string_view chunks, std::size_t step) {
    const std::string text =
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks);
    body_budget bodies(1 << 20);
    server_limits limits;
    limits.header_bytes = limits.target_bytes = limits.body_bytes = 1024;
    request into;
    request_reader reader(into, limits, bodies);
    std::string here;
    bool in_body = false;
    for (std::size_t at = 0; at < text.size(); at += step) {
        here += text.substr(at, step);
        progress state = progress::need_more;
        if (!in_body) {
            state = reader.read_header(here);
            if (state == progress::need_more) continue;
            in_body = state == progress::complete;
            here.erase(0, reader.header_size());
        }
        if (in_body) {
            std::size_t used = 0;
            state = reader.read_body(here, used);
            here.erase(0, used);
        }
        if (state == progress::failed) return "refused";
        if (state == progress::complete) return into.body + here;
    }
    return "more";
}

const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

} // namespace

BOOST_AUTO_TEST_SUITE(http_lenient_text)

BOOST_AUTO_TEST_CASE(an_answer_is_read_alike_however_it_is_cut) {
    const std::pair<std::string, std::string> table[] = {
        {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nab", "200 ab"},
        {"HTTP/1.0 503\r\nContent-Length: 0\r\n\r\n", "503 "},
        {"HTTP/1.1 204\r\n\r\n", "204 "},
        {"HTTP/1.1 100\r\n\r\nHTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", "200 a"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "200 a"},
        {"HTTP/1.1 2000\r\nContent-Length: 1\r\n\r\na", "refused"},
        {"HTTP/1.1 200\nContent-Length: 1\r\n\r\na", "refused"},
        {"HTTP/1.1 20\r\nContent-Length: 1\r\n\r\na", "refused"},
        {chunked + "2 \r\nab\r\n1\t \r\nc\r\n0\r\n\r\n", "200 abc"},
        {chunked + "2\r\nab\r\n0  \r\n\r\n", "200 ab"},
        {chunked + "2\r\nab\r\n00  \r\nX: y\r\n\r\n", "200 ab"},
        {chunked + "2 ;x=1\r\nab\r\n0\r\n\r\n", "200 ab"},
        {chunked + "2 2\r\nab\r\n0\r\n\r\n", "refused"},
        {chunked + " 2\r\nab\r\n0\r\n\r\n", "refused"},
        {chunked + "2 \nab\r\n0\r\n\r\n", "refused"},
        {chunked + "2 \r\nabc\r\n0\r\n\r\n", "refused"},
    };
    for (const auto& [text, expected] : table)
        for (const std::size_t step : {std::size_t(1), std::size_t(2), std::size_t(7), text.size()})
            BOOST_TEST(read_answer(text, step) == expected, text << " in pieces of " << step);
}

BOOST_AUTO_TEST_CASE(a_callers_chunks_are_read_alike_however_they_are_cut) {
    const std::pair<std::string, std::string> table[] = {
        {"2\r\nab\r\n3;x\r\ncde\r\n0\r\n\r\n", "abcde"},
        {"2  \r\nab\r\n0\t\r\n\r\n", "ab"},
        {"2 \r\nab\r\nA \r\n0123456789\r\n0\r\n\r\n", "ab0123456789"},
        {"2\r\nab\r\n0 \r\nT: t\r\n\r\n", "ab"},
        {"2 1\r\nab\r\n0\r\n\r\n", "refused"},
        {"+2\r\nab\r\n0\r\n\r\n", "refused"},
        {"2 \r\nabc\r\n0\r\n\r\n", "refused"},
        {"0x2 \r\nab\r\n0\r\n\r\n", "refused"},
    };
    for (const auto& [text, expected] : table)
        for (const std::size_t step : {std::size_t(1), std::size_t(3), std::size_t(1000)})
            BOOST_TEST(read_request(text, step) == expected, text << " in pieces of " << step);
}

BOOST_AUTO_TEST_CASE(a_line_without_an_end_is_refused_at_the_bound) {
    BOOST_TEST(read_answer(chunked + "2" + std::string(3000, ' '), 100) == "refused");
    BOOST_TEST(read_answer("HTTP/1.1 200\r\nX: " + std::string(3000, 'x'), 100) == "refused");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_lenient_text_test
