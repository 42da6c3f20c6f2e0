#include "server_fixture.hpp"

namespace http_server_test {

using namespace offboard;
using namespace offboard::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(http_server, served)

namespace {

asio::awaitable<void> answers_in_order(served& s) {
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    co_await peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"
                       "GET /echo?q=1 HTTP/1.1\r\nHost: a\r\n\r\n"
                       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                       "chunked\r\n\r\n3\r\nthi\r\n2;x=y\r\nrd\r\n0\r\nTrailer: t\r\n\r\n");
    const std::string one = co_await peer.read_message();
    BOOST_TEST(status_of(one) == 200);
    BOOST_TEST(has(one, "X-Request-Id: request-1\r\n"));
    BOOST_TEST(has(one, "Cache-Control: no-store\r\n"));
    BOOST_TEST(has(one, "\r\nDate: "));
    BOOST_TEST(!has(one, "Connection:"));
    BOOST_TEST(has(one, "\r\n\r\nPOST /echo first"));
    const std::string two = co_await peer.read_message();
    BOOST_TEST(has(two, "\r\n\r\nGET /echo "));
    const std::string three = co_await peer.read_message();
    BOOST_TEST(has(three, "\r\n\r\nPOST /echo third"));
    BOOST_TEST(s.records.size() == 3u);
    BOOST_TEST(s.records.front() == "POST /echo 200");
}

asio::awaitable<void> arrives_byte_by_byte(served& s) {
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    const std::string text = "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    for (const char c : text)
        co_await peer.send(std::string(1, c));
    const std::string answer = co_await peer.read_message();
    BOOST_TEST(has(answer, "\r\n\r\nPOST /echo abc"));
}

asio::awaitable<void> head_has_no_body(served& s) {
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    co_await peer.send("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\nGET /thing/a%20b HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string one = co_await peer.read_message(false);
    BOOST_TEST(has(one, "Content-Length: 11\r\n"));
    const std::string two = co_await peer.read_message();
    BOOST_TEST(has(two, "\r\n\r\na b"));
    BOOST_TEST(s.records.back() == "GET /thing/{id} 200");
}

asio::awaitable<void> closes_when_asked(served& s) {
    const std::string text = "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const std::string answer = co_await served::say(s, text);
    BOOST_TEST(status_of(answer) == 200);
    BOOST_TEST(has(answer, "Connection: close\r\n"));
}

asio::awaitable<void> speaks_the_old_version(served& s) {
    const std::string text = "GET /echo HTTP/1.0\r\n\r\n";
    const std::string answer = co_await served::say(s, text);
    BOOST_TEST(status_of(answer) == 200);
    BOOST_TEST(has(answer, "Connection: close\r\n"));
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    for (int i = 0; i < 2; ++i) {
        co_await peer.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const std::string kept = co_await peer.read_message();
        BOOST_TEST(has(kept, "Connection: keep-alive\r\n"));
    }
}

asio::awaitable<void> says_continue(served& s) {
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    co_await peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    const std::string interim = co_await peer.read_message();
    BOOST_TEST(interim == "HTTP/1.1 100 Continue\r\n\r\n");
    co_await peer.send("abc");
    const std::string answer = co_await peer.read_message();
    BOOST_TEST(has(answer, "\r\n\r\nPOST /echo abc"));
    co_await peer.send(
        "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    const std::string refused = co_await peer.read_all();
    BOOST_TEST(status_of(refused) == 404);
    BOOST_TEST(has(refused, "Connection: close"));
}

asio::awaitable<void> refuses_and_goes_on(served& s) {
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    co_await peer.send("POST /typed HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                       "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                       "OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"
                       "GET http://a.example:80/thing/known HTTP/1.1\r\nHost: b\r\n\r\n");
    const std::string typed = co_await peer.read_message();
    BOOST_TEST(status_of(typed) == 415);
    const std::string put = co_await peer.read_message();
    BOOST_TEST(status_of(put) == 405);
    BOOST_TEST(has(put, "Allow: POST, GET, HEAD, OPTIONS\r\n"));
    const std::string options = co_await peer.read_message();
    BOOST_TEST(status_of(options) == 204);
    BOOST_TEST(!has(options, "Content-Length"));
    const std::string all = co_await peer.read_message();
    BOOST_TEST(status_of(all) == 204);
    const std::string absolute = co_await peer.read_message();
    BOOST_TEST(has(absolute, "\r\n\r\nGET /thing/known "));
}

asio::awaitable<void> answers_500(served& s) {
    const std::string text = "POST /fail HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string answer = co_await served::say(s, text);
    BOOST_TEST(status_of(answer) == 500);
    BOOST_TEST(!has(answer, "secret"));
}

asio::awaitable<void> drains(served& s) {
    raw_peer idle(s.io), busy(s.io);
    co_await idle.connect(s.port);
    co_await idle.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    co_await idle.read_message();
    co_await busy.connect(s.port);
    co_await busy.send("POST /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    while (s.waiting == 0)
        co_await s.entered.wait_until(soon());
    BOOST_TEST(s.server->in_flight() == 1u);
    const std::string ended = co_await idle.read_all();
    BOOST_TEST(ended.empty());
    s.gate.notify_all();
    const std::string answer = co_await busy.read_all();
    BOOST_TEST(status_of(answer) == 200);
    BOOST_TEST(has(answer, "Connection: close\r\n"));
}

/// Starts to drain once the waiting handler is in.
asio::awaitable<void> drain_when_busy(served& s, duration time) {
    while (s.waiting == 0)
        co_await s.entered.wait_until(soon());
    co_await s.server->drain(in(time));
}

asio::awaitable<void> is_cut(served& s) {
    raw_peer busy(s.io);
    co_await busy.connect(s.port);
    co_await busy.send("POST /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = co_await busy.read_all();
    BOOST_TEST(answer.empty());
}

asio::awaitable<void> goes_away(served& s) {
    {
        raw_peer gone(s.io);
        co_await gone.connect(s.port);
        co_await gone.send("POST /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        while (s.waiting == 0)
            co_await s.entered.wait_until(soon());
    }
    const std::string other = co_await served::say(s, "GET /echo HTTP/1.0\r\n\r\n");
    BOOST_TEST(status_of(other) == 200);
    BOOST_TEST(s.waiting == 1);
    s.gate.notify_all();
    while (s.records.size() < 2)
        co_await s.observed.wait_until(soon());
    BOOST_TEST(s.records.back() == "POST /wait 200");
}

asio::awaitable<void> turns_away(served& s) {
    raw_peer first(s.io);
    co_await first.connect(s.port);
    co_await first.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    co_await first.read_message();
    raw_peer second(s.io);
    co_await second.connect(s.port);
    const std::string refused = co_await second.read_all();
    BOOST_TEST(status_of(refused) == 503);
    BOOST_TEST(has(refused, "Retry-After: 1\r\n"));
    BOOST_TEST(has(refused, "X-Request-Id: "));
}

} // namespace

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
    serve(answers_in_order);
}
BOOST_AUTO_TEST_CASE(a_request_may_arrive_byte_by_byte_after_an_empty_line) {
    serve(arrives_byte_by_byte);
}
BOOST_AUTO_TEST_CASE(head_is_get_without_the_body) {
    serve(head_has_no_body);
}
BOOST_AUTO_TEST_CASE(connection_close_is_honoured) {
    serve(closes_when_asked);
}
BOOST_AUTO_TEST_CASE(http_1_0_closes_unless_asked) {
    serve(speaks_the_old_version);
}
BOOST_AUTO_TEST_CASE(expect_continue_is_answered_after_the_decision) {
    serve(says_continue);
}
BOOST_AUTO_TEST_CASE(refusals_keep_the_connection_when_the_body_is_here) {
    serve(refuses_and_goes_on);
}
BOOST_AUTO_TEST_CASE(a_handler_that_throws_is_answered_500_without_its_words) {
    log.set_level(telemetry::level::error);
    serve(answers_500);
}
BOOST_AUTO_TEST_CASE(a_client_that_goes_away_does_not_stop_its_handler) {
    serve(goes_away);
}
BOOST_AUTO_TEST_CASE(connections_beyond_the_cap_are_told_so) {
    limits.connections = 1;
    serve(turns_away);
}

BOOST_AUTO_TEST_CASE(draining_closes_idle_connections_and_finishes_exchanges) {
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
    run(is_cut(*this));
    BOOST_TEST(!thrown);
    BOOST_TEST(server->connections() == 0u);
    BOOST_TEST(waiting == 0);
}

BOOST_AUTO_TEST_CASE(listening_on_what_is_no_address_is_an_error) {
    http::server_hooks hooks;
    hooks.problem = problems();
    http::server one(io, limits, router, hooks, log);
    BOOST_TEST(one.listen("localhost", 0).has_error());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_server_test
