#include "server_fixture.hpp"

namespace http_server_refusals_test {

using namespace offboard;
using namespace offboard::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(http_server_refusals, served)

namespace {

struct refusal {
    const char* what;
    std::string text;
    int status;
};

std::string post(const std::string& fields, const std::string& body = {}) {
    return "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}

std::string many(const std::string& piece, int times) {
    std::string text;
    for (int i = 0; i < times; ++i)
        text += piece;
    return text;
}

std::string with_nul() {
    std::string text = "GET /echo HTTP/1.1\r\nHost: a\r\nX: a_b\r\n\r\n";
    text[text.find('_')] = '\0';
    return text;
}

const std::vector<refusal>& refusals() {
    static const std::vector<refusal> table{
        {"no Host", "GET /echo HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", "GET /echo HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"an empty Host", "GET /echo HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"a Host with a path", "GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"a Host with a bad port", "GET /echo HTTP/1.1\r\nHost: a:8x\r\n\r\n", 400},
        {"a folded field", post("X: a\r\n b\r\n"), 400},
        {"a folded first field", "GET /echo HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"a blank before the colon", post("X : a\r\n"), 400},
        {"an empty field name", post(": a\r\n"), 400},
        {"a NUL in a value", with_nul(), 400},
        {"a bare line feed", "GET /echo HTTP/1.1\nHost: a\n\n", 400},
        {"a bare line feed after a field", "GET /echo HTTP/1.1\r\nHost: a\n\r\n", 400},
        {"a bare carriage return", post("X: a\rb\r\n"), 400},
        {"two lengths that differ", post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"), 400},
        {"a signed length", post("Content-Length: +3\r\n", "abc"), 400},
        {"a negative length", post("Content-Length: -3\r\n", "abc"), 400},
        {"a hexadecimal length", post("Content-Length: 0x3\r\n", "abc"), 400},
        {"an endless length", post("Content-Length: 99999999999999999999\r\n", "abc"), 400},
        {"length then coding", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        {"coding then length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), 400},
        {"odd coding and length", post("Transfer-Encoding: gzip\r\nContent-Length: 3\r\n", "abc"), 400},
        {"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
         400},
        {"gzip before chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
        {"identity", post("Transfer-Encoding: identity\r\n"), 501},
        {"chunked in 1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"a chunk size that is no number", post("Transfer-Encoding: chunked\r\n", "x\r\nabc\r\n0\r\n\r\n"),
         400},
        {"a chunk longer than its size", post("Transfer-Encoding: chunked\r\n", "1\r\nabc\r\n0\r\n\r\n"),
         400},
        {"a bare line feed after a chunk size", post("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"),
         400},
        {"an unknown version", "GET /echo HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"no version", "GET /echo\r\nHost: a\r\n\r\n", 400},
        {"a version in small letters", "GET /echo http/1.1\r\nHost: a\r\n\r\n", 400},
        {"two blanks", "GET  /echo HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a method that is no token", "GE(T /echo HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"an unknown method", "BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"a relative target", "GET echo HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a fragment", "GET /echo#a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a broken escape", "GET /echo%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"an escape that is no number", "GET /echo%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a hidden NUL", "GET /thing/%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a byte outside ASCII", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"an asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400},
        {"another expectation", post("Expect: miracles\r\nContent-Length: 3\r\n", "abc"), 417},
        {"TLS on a plain port", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
        {"a long target", "GET /" + std::string(256, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        {"a target without an end", "GET /" + std::string(512, 'a'), 414},
        {"a large header", post("X: " + std::string(1024, 'a') + "\r\n"), 431},
        {"a header without an end", "GET /echo HTTP/1.1\r\nHost: a\r\nX: " + std::string(1024, 'a'), 431},
        {"many small fields", post(many("Y:\r\n", 300)), 431},
        {"a large body", post("Content-Length: 4097\r\n"), 413},
        {"a large chunk", post("Transfer-Encoding: chunked\r\n", "1001\r\n"), 413},
        {"a body that adds up",
         post("Transfer-Encoding: chunked\r\n", "fff\r\n" + std::string(4095, 'a') + "\r\n2\r\n"), 413},
        {"no such path", "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404},
        {"an empty parameter", "GET /thing/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404},
        {"no such path, with a body to come", "POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n",
         404},
    };
    return table;
}

asio::awaitable<void> each_refusal(served& s) {
    for (const refusal& r : refusals()) {
        BOOST_TEST_INFO_SCOPE(r.what);
        const bool closing = has(r.text, "Connection: close") || r.status != 501;
        raw_peer peer(s.io);
        co_await peer.connect(s.port);
        co_await peer.send(r.text);
        std::string answer;
        if (closing && r.status != 501)
            answer = co_await peer.read_all();
        else
            answer = co_await peer.read_message();
        BOOST_TEST(status_of(answer) == r.status);
        BOOST_TEST(has(answer, "Content-Type: application/problem+json\r\n"));
        BOOST_TEST(has(answer, "X-Request-Id: "));
        BOOST_TEST(answer.find("HTTP/1.1 ", 1) == std::string::npos);
    }
}

asio::awaitable<void> takes_the_limits(served& s) {
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    co_await peer.send(post("Content-Length: 4096\r\n", std::string(4096, 'a')));
    const std::string whole = co_await peer.read_message();
    BOOST_TEST(status_of(whole) == 200);
    co_await peer.send(
        post("Transfer-Encoding: chunked\r\n", "1000\r\n" + std::string(4096, 'a') + "\r\n0\r\n\r\n"));
    const std::string pieces = co_await peer.read_message();
    BOOST_TEST(status_of(pieces) == 200);
    const std::string start = "GET /echo?";
    co_await peer.send(start + std::string(256 - 6, 'q') + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string target = co_await peer.read_message();
    BOOST_TEST(status_of(target) == 200);
    std::string head = post("X: ");
    head.insert(head.size() - 2, std::string(1024 - head.size() - 2, 'x') + "\r\n");
    BOOST_TEST(head.size() == 1024u);
    co_await peer.send(head);
    const std::string full = co_await peer.read_message();
    BOOST_TEST(status_of(full) == 200);
    co_await peer.send("GET /echo HTTP/1.1\r\nHost: [::1]:8080\r\nContent-Length: 3\r\n\r\nabc");
    const std::string get = co_await peer.read_message();
    BOOST_TEST(status_of(get) == 200);
}

asio::awaitable<void> header_too_slow(served& s) {
    const std::string answer = co_await served::say(s, "GET /echo HTTP/1.1\r\nHo");
    BOOST_TEST(status_of(answer) == 408);
    BOOST_TEST(has(answer, "Connection: close"));
}

asio::awaitable<void> body_too_slow(served& s) {
    const std::string length = co_await served::say(s, post("Content-Length: 3\r\n", "ab"));
    BOOST_TEST(status_of(length) == 408);
    const std::string chunk = co_await served::say(s, post("Transfer-Encoding: chunked\r\n", "3\r\nab"));
    BOOST_TEST(status_of(chunk) == 408);
}

asio::awaitable<void> says_nothing(served& s) {
    const std::string never = co_await served::say(s, "");
    BOOST_TEST(never.empty());
    raw_peer idle(s.io);
    co_await idle.connect(s.port);
    co_await idle.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = co_await idle.read_message();
    BOOST_TEST(status_of(answer) == 200);
    const std::string rest = co_await idle.read_all();
    BOOST_TEST(rest.empty());
}

asio::awaitable<void> ends_in_the_middle(served& s) {
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    co_await peer.send(post("Content-Length: 3\r\n", "ab"));
    peer.socket.shutdown(tcp::socket::shutdown_send);
    const std::string answer = co_await peer.read_all();
    BOOST_TEST(answer.empty());
}

asio::awaitable<void> does_not_read(served& s) {
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    co_await peer.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    while (s.records.empty())
        co_await s.observed.wait_until(soon());
    BOOST_TEST(!s.delivered);
}

asio::awaitable<void> reads_slowly(served& s) {
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    co_await peer.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = co_await peer.read_message();
    BOOST_TEST(answer.size() > 64u << 20);
    while (s.records.empty())
        co_await s.observed.wait_until(soon());
    BOOST_TEST(s.delivered);
}

/// The client goes on sending a body that nobody wants; it still has to see the answer.
asio::awaitable<void> sends_on(served& s) {
    const std::string answer =
        co_await served::say(s, post("Content-Length: 100000\r\n", std::string(100000, 'a')));
    BOOST_TEST(status_of(answer) == 413);
}

} // namespace

BOOST_AUTO_TEST_CASE(what_is_not_plain_http_is_refused_and_the_connection_ends) {
    limits.header_time = limits.body_time = 5s;
    serve(each_refusal);
}
BOOST_AUTO_TEST_CASE(what_is_exactly_at_a_limit_passes) {
    serve(takes_the_limits);
}
BOOST_AUTO_TEST_CASE(a_header_that_comes_too_slowly_is_answered_408) {
    limits.header_time = 20ms;
    serve(header_too_slow);
}
BOOST_AUTO_TEST_CASE(a_body_that_comes_too_slowly_is_answered_408) {
    limits.body_time = 20ms;
    serve(body_too_slow);
}
BOOST_AUTO_TEST_CASE(idle_connections_are_closed_without_a_word) {
    limits.header_time = limits.idle_time = 20ms;
    serve(says_nothing);
}
BOOST_AUTO_TEST_CASE(a_request_that_ends_in_the_middle_gets_no_answer) {
    serve(ends_in_the_middle);
}
BOOST_AUTO_TEST_CASE(an_answer_that_is_not_read_is_given_up) {
    limits.write_time = 50ms;
    serve(does_not_read);
}
BOOST_AUTO_TEST_CASE(an_answer_of_many_writes_arrives_whole) {
    serve(reads_slowly);
}
BOOST_AUTO_TEST_CASE(a_client_that_sends_on_sees_its_answer) {
    serve(sends_on);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_server_refusals_test
