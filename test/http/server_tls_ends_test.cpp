#include "server_tls_fixture.hpp"

#include <list>

namespace http_server_tls_ends_test {

using namespace offboard;
using namespace offboard::test;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

const std::string get = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string hello_begun("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);

std::string post(const std::string& path, std::size_t length, const std::string& body) {
    return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
           body;
}

asio::awaitable<void> answers_plain_http(tls_served& s) {
    const std::string answer = co_await served::say(s, get);
    BOOST_TEST(status_of(answer) == 400);
    BOOST_TEST(has(answer, "Connection: close\r\n"));
    const std::string sent_on = co_await served::say(s, post("/echo", 100'000, std::string(100'000, 'a')));
    BOOST_TEST(status_of(sent_on) == 400);
    BOOST_TEST((s.refusals == names{"handshake", "handshake"}));
}

asio::awaitable<void> closes_on_what_is_no_tls(tls_served& s) {
    static const std::vector<std::string> rows{"DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n", "SSH-2.0-x\r\n",
                                               std::string(4096, '\xff'), std::string(64, '\0'),
                                               "\x16\x03\x01\xff\xff" + std::string(70'000, 'x')};
    for (const std::string& text : rows) {
        raw_peer peer(s.io);
        co_await peer.connect(s.port);
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await asio::async_write(peer.socket, asio::buffer(text), token);
        const std::string answer = co_await peer.read_all();
        BOOST_TEST(!has(answer, "HTTP/"));
    }
    BOOST_TEST(s.refusals.size() == rows.size());
    BOOST_TEST(s.records.empty());
}

asio::awaitable<void> cuts_slow_handshakes(tls_served& s) {
    for (const std::string& begun : {std::string(), hello_begun}) {
        const std::string answer = co_await served::say(s, begun);
        BOOST_TEST(answer.empty());
    }
    co_await tls_served::until_refused(s, 2);
    BOOST_TEST((s.refusals == names{"handshake", "handshake"}));
}

asio::awaitable<void> ends_silence_in_order(tls_served& s) {
    tls_peer peer(s.io, s.client);
    const boost::system::error_code ec = co_await peer.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    const std::string nothing = co_await peer.read_all();
    BOOST_TEST(nothing.empty());
    BOOST_TEST(peer.ended_with == asio::error::eof);
    BOOST_TEST(s.refusals.empty());
}

asio::awaitable<void> body_too_slow(tls_served& s) {
    tls_peer peer(s.io, s.client);
    const boost::system::error_code ec = co_await peer.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    co_await peer.send(post("/echo", 3, "ab"));
    const std::string answer = co_await peer.read_all();
    BOOST_TEST(status_of(answer) == 408);
    BOOST_TEST(peer.ended_with == asio::error::eof);
}

asio::awaitable<void> does_not_read(tls_served& s) {
    tls_peer peer(s.io, s.client);
    const boost::system::error_code ec = co_await peer.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    co_await peer.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    while (s.records.empty())
        co_await s.observed.wait_until(soon());
    BOOST_TEST(!s.delivered);
}

asio::awaitable<void> sends_on(tls_served& s) {
    tls_peer peer(s.io, s.client);
    const boost::system::error_code ec = co_await peer.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    co_await peer.send(post("/echo", 100'000, std::string(100'000, 'a')));
    const std::string answer = co_await peer.read_all();
    BOOST_TEST(status_of(answer) == 413);
    BOOST_TEST(peer.ended_with == asio::error::eof);
}

asio::awaitable<void> is_cut_off(tls_served& s) {
    {
        tls_peer peer(s.io, s.client);
        const boost::system::error_code ec = co_await peer.connect(s.port);
        BOOST_TEST_REQUIRE(!ec, ec.message());
        co_await peer.send(post("/echo", 3, "ab"));
    }
    co_await tls_served::until_connected(s, 0);
    BOOST_TEST(s.records.empty());
    {
        tls_peer peer(s.io, s.client); // between two requests
        const boost::system::error_code ec = co_await peer.connect(s.port);
        BOOST_TEST_REQUIRE(!ec, ec.message());
        co_await peer.send(get);
        const std::string answer = co_await peer.read_message();
        BOOST_TEST(status_of(answer) == 200);
    }
    co_await tls_served::until_connected(s, 0);
}

asio::awaitable<void> closes_half(tls_served& s) {
    tls_peer peer(s.io, s.client);
    boost::system::error_code ec = co_await peer.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    co_await peer.send(get);
    co_await peer.close_half();
    const std::string answer = co_await peer.read_all();
    BOOST_TEST(status_of(answer) == 200);
    BOOST_TEST(peer.ended_with == asio::error::eof);
    tls_peer other(s.io, s.client);
    ec = co_await other.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    co_await other.send(post("/echo", 3, "ab"));
    co_await other.close_half();
    const std::string none = co_await other.read_all();
    BOOST_TEST(none.empty());
}

asio::awaitable<void> bounds_handshakes(tls_served& s) {
    constexpr std::size_t told = 64; // beyond the cap, at the same time
    std::list<raw_peer> idle;
    co_await idle.emplace_back(s.io).connect(s.port);
    co_await tls_served::until_connected(s, 1);
    {
        tls_peer second(s.io, s.client);
        const boost::system::error_code ec = co_await second.connect(s.port);
        BOOST_TEST_REQUIRE(!ec, ec.message());
        const std::string refused = co_await second.read_all();
        BOOST_TEST(status_of(refused) == 503);
        BOOST_TEST(has(refused, "\r\nRetry-After: 1\r\n"));
        BOOST_TEST((s.refusals == names{"connections"}));
    }
    co_await tls_served::until_connected(s, 1);
    while (idle.size() < 1 + told)
        co_await idle.emplace_back(s.io).connect(s.port);
    co_await tls_served::until_connected(s, 1 + told);
    const std::string closed = co_await served::say(s, hello_begun);
    BOOST_TEST(closed.empty());
    BOOST_TEST(s.server->connections() == 1 + told);
    idle.clear();
    co_await tls_served::until_connected(s, 0);
    tls_peer next(s.io, s.client);
    const boost::system::error_code ec = co_await next.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    co_await next.send(get);
    const std::string answer = co_await next.read_message();
    BOOST_TEST(status_of(answer) == 200);
}

asio::awaitable<void> drains(tls_served& s) {
    raw_peer shaking(s.io);
    tls_peer idle(s.io, s.client), busy(s.io, s.client);
    co_await shaking.connect(s.port);
    boost::system::error_code ec = co_await idle.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    co_await idle.send(get);
    co_await idle.read_message();
    ec = co_await busy.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    co_await busy.send(post("/wait", 0, ""));
    while (s.waiting == 0)
        co_await s.entered.wait_until(soon());
    const std::string nothing = co_await idle.read_all();
    BOOST_TEST(nothing.empty());
    BOOST_TEST(idle.ended_with == asio::error::eof);
    const std::string unshaken = co_await shaking.read_all();
    BOOST_TEST(unshaken.empty());
    s.gate.notify_all();
    const std::string answer = co_await busy.read_all();
    BOOST_TEST(status_of(answer) == 200);
    BOOST_TEST(has(answer, "Connection: close\r\n"));
    BOOST_TEST(busy.ended_with == asio::error::eof);
    BOOST_TEST(s.refusals.empty());
}

asio::awaitable<void> drain_when_busy(served& s, duration time) {
    while (s.waiting == 0)
        co_await s.entered.wait_until(soon());
    co_await s.server->drain(in(time));
}

asio::awaitable<void> is_cut_by_the_drain(tls_served& s) {
    tls_peer busy(s.io, s.client);
    const boost::system::error_code ec = co_await busy.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    co_await busy.send(post("/wait", 0, ""));
    const std::string answer = co_await busy.read_all();
    BOOST_TEST(answer.empty());
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(http_server_tls_ends, tls_served)

BOOST_AUTO_TEST_CASE(plain_http_is_told_so_in_plain_http) {
    serve_tls(answers_plain_http);
}
BOOST_AUTO_TEST_CASE(what_is_neither_tls_nor_http_is_closed) {
    serve_tls(closes_on_what_is_no_tls);
}
BOOST_AUTO_TEST_CASE(a_handshake_has_the_time_of_a_header) {
    limits.header_time = 20ms;
    serve_tls(cuts_slow_handshakes);
}
BOOST_AUTO_TEST_CASE(a_connection_without_a_request_is_closed_in_order) {
    limits.header_time = 100ms;
    serve_tls(ends_silence_in_order);
}
BOOST_AUTO_TEST_CASE(a_body_that_comes_too_slowly_is_answered_408) {
    limits.body_time = 20ms;
    serve_tls(body_too_slow);
}
BOOST_AUTO_TEST_CASE(an_answer_that_is_not_read_is_given_up) {
    limits.write_time = 50ms;
    serve_tls(does_not_read);
}
BOOST_AUTO_TEST_CASE(a_client_that_sends_on_sees_its_answer) {
    serve_tls(sends_on);
}
BOOST_AUTO_TEST_CASE(a_connection_that_is_cut_without_a_word_ends_quietly) {
    serve_tls(is_cut_off);
}
BOOST_AUTO_TEST_CASE(a_client_that_has_closed_its_half_gets_what_it_asked_for_in_full) {
    serve_tls(closes_half);
}
BOOST_AUTO_TEST_CASE(handshakes_count_as_connections) {
    limits.connections = 1;
    serve_tls(bounds_handshakes);
}

BOOST_AUTO_TEST_CASE(draining_ends_idle_connections_in_order_and_finishes_exchanges) {
    start();
    std::exception_ptr thrown;
    asio::co_spawn(io, drain_when_busy(*this, 30s), [&](std::exception_ptr e) { thrown = e; });
    run(drains(*this));
    BOOST_TEST(!thrown);
    BOOST_TEST(server->connections() == 0u);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_drain_cuts_what_is_left) {
    start();
    std::exception_ptr thrown;
    asio::co_spawn(io, drain_when_busy(*this, 1ms), [&](std::exception_ptr e) { thrown = e; });
    run(is_cut_by_the_drain(*this));
    BOOST_TEST(!thrown);
    BOOST_TEST(server->connections() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_server_tls_ends_test
