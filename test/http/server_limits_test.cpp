#include "server_fixture.hpp"

#include <boost/asio/post.hpp>

namespace http_server_limits_test {

using namespace offboard;
using namespace offboard::test;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

/// A server that holds little.
struct narrow : served {
    narrow() {
        limits.body_bytes = 8192;
        limits.body_total = 4096;
        router.add(
            {"POST", "/drop", [this](http::request&& r) { return drop_and_wait(this, std::move(r)); }, {}});
    }

    static asio::awaitable<http::response> drop_and_wait(served* self, http::request&& r) {
        r.drop_body();
        http::response answer = co_await wait_here(self);
        co_return answer;
    }
};

std::string post(const std::string& path, const std::string& fields, const std::string& body = {}) {
    return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}
std::string length(std::size_t n) {
    return "Content-Length: " + std::to_string(n) + "\r\n";
}

/// Lets the loop go round until the server holds so many bytes of bodies.
asio::awaitable<void> until_held(served& s, std::size_t bytes) {
    while (s.server->body_bytes() != bytes)
        co_await asio::post(asio::use_awaitable);
}

asio::awaitable<void> until_waiting(served& s) {
    while (s.waiting == 0)
        co_await s.entered.wait_until(soon());
}

void is_come_again(const std::string& answer) {
    BOOST_TEST(status_of(answer) == 503);
    BOOST_TEST(has(answer, "\r\nRetry-After: 1\r\n"));
    BOOST_TEST(has(answer, "\"overloaded\""));
}

/// What is handled by others is asked before the limit is, and what the limit refuses is not.
asio::awaitable<void> refuses_what_is_beyond(served& s) {
    raw_peer busy(s.io), other(s.io), third(s.io);
    co_await busy.connect(s.port);
    co_await busy.send(post("/wait", length(0)));
    co_await until_waiting(s);
    co_await other.connect(s.port);
    co_await other.send(post("/wait", length(3), "abc") + "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string one = co_await other.read_message();
    is_come_again(one);
    BOOST_TEST(!has(one, "Connection: close"));
    const std::string two = co_await other.read_message();
    is_come_again(two);
    co_await third.connect(s.port);
    co_await third.send(post("/wait", length(3) + "Expect: 100-continue\r\n"));
    const std::string three = co_await third.read_all();
    is_come_again(three);
    BOOST_TEST(has(three, "Connection: close"));
    BOOST_TEST(s.waiting == 1);
    BOOST_TEST((s.refusals == names{"in_flight", "in_flight", "in_flight"}));
    s.gate.notify_all();
    const std::string first = co_await busy.read_message();
    BOOST_TEST(status_of(first) == 200);
    co_await other.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string again = co_await other.read_message();
    BOOST_TEST(status_of(again) == 200);
}

asio::awaitable<void> makes_room_when_it_goes(served& s) {
    {
        raw_peer gone(s.io);
        co_await gone.connect(s.port);
        co_await gone.send(post("/echo", length(10), "abc"));
        while (s.server->in_flight() != 1)
            co_await asio::post(asio::use_awaitable);
        const std::string refused = co_await served::say(s, "GET /echo HTTP/1.0\r\n\r\n");
        is_come_again(refused);
    }
    while (s.server->in_flight() != 0)
        co_await asio::post(asio::use_awaitable);
    const std::string taken = co_await served::say(s, "GET /echo HTTP/1.0\r\n\r\n");
    BOOST_TEST(status_of(taken) == 200);
}

asio::awaitable<void> reserves_what_is_declared(served& s) {
    raw_peer large(s.io), other(s.io);
    co_await large.connect(s.port);
    co_await large.send(post("/echo", length(4000), "abc"));
    co_await until_held(s, 4000);
    co_await other.connect(s.port);
    co_await other.send(post("/echo", length(96), std::string(96, 'b')));
    const std::string fits = co_await other.read_message();
    BOOST_TEST(status_of(fits) == 200);
    co_await until_held(s, 4000);
    co_await other.send(post("/echo", length(97), std::string(97, 'b')));
    const std::string refused = co_await other.read_message();
    is_come_again(refused);
    BOOST_TEST(!has(refused, "Connection: close"));
    co_await other.send(post("/echo", length(97) + "Expect: 100-continue\r\n"));
    const std::string unread = co_await other.read_all();
    is_come_again(unread);
    BOOST_TEST((s.refusals == names{"body_total", "body_total"}));
    co_await large.send(std::string(3997, 'a'));
    const std::string whole = co_await large.read_message();
    BOOST_TEST(status_of(whole) == 200);
    co_await until_held(s, 0);
}

asio::awaitable<void> announced_alone_keeps_nobody_out(served& s) {
    raw_peer slow(s.io), other(s.io);
    co_await slow.connect(s.port);
    co_await slow.send(post("/echo", length(50'000), "abc"));
    co_await until_held(s, 4096);
    co_await other.connect(s.port);
    co_await other.send(post("/echo", length(50'000), std::string(50'000, 'b')));
    const std::string taken = co_await other.read_message();
    BOOST_TEST(status_of(taken) == 200);
    co_await until_held(s, 4096);
    co_await slow.send(std::string(49'997, 'a'));
    const std::string whole = co_await slow.read_message();
    BOOST_TEST(status_of(whole) == 200);
    co_await until_held(s, 0);
}

/// Neither a route that is not there nor a body beyond its own limit takes anything.
asio::awaitable<void> refused_takes_nothing(served& s) {
    const std::string nowhere = co_await served::say(s, post("/nowhere", length(4000), "abc"));
    BOOST_TEST(status_of(nowhere) == 404);
    const std::string large = co_await served::say(s, post("/echo", length(9000), "abc"));
    BOOST_TEST(status_of(large) == 413);
    BOOST_TEST(s.refusals.empty());
    BOOST_TEST(s.server->body_bytes() == 0u);
}

asio::awaitable<void> chunks_count_as_they_come(served& s) {
    raw_peer large(s.io);
    co_await large.connect(s.port);
    co_await large.send(
        post("/echo", "Transfer-Encoding: chunked\r\n", "bb8\r\n" + std::string(3000, 'a') + "\r\n"));
    co_await until_held(s, 3000);
    const std::string other = co_await served::say(s, post("/echo", length(2000), "abc"));
    is_come_again(other);
    co_await large.send("44c\r\n" + std::string(1100, 'a') + "\r\n");
    const std::string cut = co_await large.read_all();
    is_come_again(cut);
    co_await until_held(s, 0);
    BOOST_TEST((s.refusals == names{"body_total", "body_total"}));
}

asio::awaitable<void> gives_back_after_an_abort(served& s) {
    {
        raw_peer gone(s.io), slow(s.io);
        co_await gone.connect(s.port);
        co_await gone.send(post("/echo", length(4000), "abc"));
        co_await until_held(s, 4000);
    }
    co_await until_held(s, 0);
    const std::string slow = co_await served::say(s, post("/echo", length(4000), "abc"));
    BOOST_TEST(status_of(slow) == 408);
    BOOST_TEST(s.server->body_bytes() == 0u);
    raw_peer next(s.io);
    co_await next.connect(s.port);
    co_await next.send(post("/echo", length(4096), std::string(4096, 'a')));
    const std::string taken = co_await next.read_message();
    BOOST_TEST(status_of(taken) == 200);
}

/// The handler's request is the session's own: what it holds is held until the answer is out.
asio::awaitable<void> holds_while_handled(served& s) {
    raw_peer busy(s.io);
    co_await busy.connect(s.port);
    co_await busy.send(post("/wait", length(4000), std::string(4000, 'a')));
    co_await until_waiting(s);
    BOOST_TEST(s.server->body_bytes() == 4000u);
    s.gate.notify_all();
    const std::string answer = co_await busy.read_message();
    BOOST_TEST(status_of(answer) == 200);
    co_await until_held(s, 0); // the connection is still open
}

asio::awaitable<void> holds_no_more_than_the_handler(served& s) {
    raw_peer busy(s.io);
    co_await busy.connect(s.port);
    co_await busy.send(post("/drop", length(4000), std::string(4000, 'a')));
    co_await until_waiting(s);
    BOOST_TEST(s.server->body_bytes() == 0u);
    s.gate.notify_all();
    const std::string answer = co_await busy.read_message();
    BOOST_TEST(status_of(answer) == 200);
}

asio::awaitable<void> asks_and_reads_nothing(served& s, raw_peer& peer, const char* target) {
    co_await peer.connect(s.port);
    std::string request = "GET ";
    request += target;
    request += " HTTP/1.1\r\nHost: a\r\n\r\n";
    co_await peer.send(std::move(request));
    while (s.server->unread_bytes() == 0)
        co_await asio::post(asio::use_awaitable);
}

asio::awaitable<void> cuts_who_does_not_read(served& s) {
    raw_peer idle(s.io), other(s.io);
    co_await asks_and_reads_nothing(s, idle, "/big");
    co_await other.connect(s.port);
    co_await other.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    while (s.records.empty())
        co_await s.observed.wait_until(soon());
    BOOST_TEST(!s.delivered);
    const std::string small =
        co_await served::say(s, "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    BOOST_TEST(status_of(small) == 200);
    const std::string whole = co_await idle.read_message();
    BOOST_TEST(whole.size() > 64u << 20);
    while (s.server->unread_bytes() != 0)
        co_await asio::post(asio::use_awaitable);
}

asio::awaitable<void> counts_no_shared_body(served& s) {
    raw_peer idle(s.io), other(s.io);
    co_await asks_and_reads_nothing(s, idle, "/shared");
    BOOST_TEST(s.server->unread_bytes() < 4096);
    co_await other.connect(s.port);
    co_await other.send("GET /shared HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string first = co_await other.read_message();
    BOOST_TEST(first.size() > 64u << 20);
    const std::string second = co_await idle.read_message();
    BOOST_TEST(second.size() > 64u << 20);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(http_server_limits, narrow)

BOOST_AUTO_TEST_CASE(requests_beyond_in_flight_are_refused_before_they_are_handled) {
    limits.in_flight = 1;
    serve(refuses_what_is_beyond);
}
BOOST_AUTO_TEST_CASE(a_request_that_is_given_up_makes_room) {
    limits.in_flight = 1;
    serve(makes_room_when_it_goes);
}
BOOST_AUTO_TEST_CASE(a_declared_body_is_counted_before_it_is_read) {
    serve(reserves_what_is_declared);
}
BOOST_AUTO_TEST_CASE(a_body_that_is_announced_and_does_not_come_keeps_nobody_out) {
    limits.body_bytes = limits.body_total = 60'000;
    serve(announced_alone_keeps_nobody_out);
}
BOOST_AUTO_TEST_CASE(a_request_that_is_refused_holds_nothing) {
    serve(refused_takes_nothing);
}
BOOST_AUTO_TEST_CASE(a_chunked_body_is_counted_as_it_comes_and_cut_when_it_is_too_much) {
    serve(chunks_count_as_they_come);
}
BOOST_AUTO_TEST_CASE(what_was_held_is_given_back_after_an_abort_and_a_timeout) {
    limits.body_time = 50ms;
    serve(gives_back_after_an_abort);
}
BOOST_AUTO_TEST_CASE(a_body_is_held_while_its_request_is_handled) {
    serve(holds_while_handled);
}
BOOST_AUTO_TEST_CASE(a_handler_that_drops_the_body_gives_it_back) {
    serve(holds_no_more_than_the_handler);
}
BOOST_AUTO_TEST_CASE(answers_that_nobody_reads_are_bounded_all_together) {
    limits.unread_total = 1u << 20;
    serve(cuts_who_does_not_read);
}
BOOST_AUTO_TEST_CASE(an_answer_that_is_the_same_for_everybody_is_not_counted) {
    limits.unread_total = 1u << 20;
    serve(counts_no_shared_body);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_server_limits_test
