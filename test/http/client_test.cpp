#include "vendor_double.hpp"

#include <boost/asio/post.hpp>

BOOST_TEST_DONT_PRINT_LOG_VALUE(offboard::errc)

namespace http_client_test {

using namespace offboard;
using namespace offboard::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(http_client, vendor_double)

namespace {

errc error_of(const result<incoming_response>& r) {
    BOOST_REQUIRE(r.has_error());
    return to_errc(r.error());
}

asio::awaitable<void> keeps_connections(vendor_double& v) {
    v.script.push_back({ok("one", "X-Thing:  a \r\nSet-Cookie: b\r\n")});
    const auto one = co_await v.ask();
    BOOST_REQUIRE(one.has_value());
    BOOST_TEST(one->status == 200u);
    BOOST_TEST(one->body == "one");
    BOOST_TEST(one->header("x-thing") == "a");
    const auto two = co_await v.ask();
    BOOST_REQUIRE(two.has_value());
    BOOST_TEST(two->body == "fine");
    BOOST_TEST(v.accepted == 1);
    BOOST_TEST(v.client->counters().reused == 1u);
    const std::string host = "Host: 127.0.0.1:" + std::to_string(v.settings.port) + "\r\n";
    BOOST_TEST(v.requests[0] == "POST /v1/call?x=1 HTTP/1.1\r\n" + host +
                                    "User-Agent: offboard\r\nAccept-Encoding: identity\r\nContent-Type: "
                                    "text/plain\r\nContent-Length: 4\r\n\r\nbody");
}

struct answer_case {
    const char* what;
    std::string say;
    bool close;
    std::optional<errc> error; ///< nothing: an answer
    std::string body;
    bool reused; ///< the connection serves the next exchange
};

std::vector<answer_case> answer_cases() {
    const std::string head = "HTTP/1.1 200 OK\r\n";
    return {
        {"a length", ok("abc"), false, {}, "abc", true},
        {"chunks",
         head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\nT: t\r\n\r\n",
         false,
         {},
         "abc",
         true},
        {"until the end", head + "\r\nabc", true, {}, "abc", false},
        {"connection close", ok("abc", "Connection: close\r\n"), true, {}, "abc", false},
        {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", true, {}, "abc", false},
        {"no content", "HTTP/1.1 204 No Content\r\n\r\n", false, {}, "", true},
        {"not modified with a length",
         "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
         false,
         {},
         "",
         true},
        {"a redirect",
         "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
         false,
         {},
         "",
         true},
        {"an interim answer",
         "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + ok("abc"),
         false,
         {},
         "abc",
         true},
        {"bytes too many", ok("abc") + "x", false, {}, "abc", false},
        {"exactly at the bound", ok(std::string(1000, 'a')), false, {}, std::string(1000, 'a'), true},
        {"too long", ok(std::string(1001, 'a')), false, errc::answer_too_large, "", false},
        {"chunks too long", head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", false, errc::answer_too_large,
         "", false},
        {"too long until the end", head + "\r\n" + std::string(1001, 'a'), true, errc::answer_too_large, "",
         false},
        {"a large header", head + "X: " + std::string(600, 'a') + "\r\n\r\n", false, errc::answer_too_large,
         "", false},
        {"a header without an end", head + "X: " + std::string(600, 'a'), false, errc::answer_too_large, "",
         false},
        {"not HTTP", "220 mail.example ESMTP\r\n", false, errc::answer_malformed, "", false},
        {"a bad chunk", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", false, errc::answer_malformed, "",
         false},
        {"length and coding", head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", false,
         errc::answer_malformed, "", false},
        {"an odd coding", head + "Transfer-Encoding: gzip\r\n\r\nabc", true, errc::answer_malformed, "",
         false},
        {"switching protocols", "HTTP/1.1 101 Switching\r\n\r\n", false, errc::answer_malformed, "", false},
        {"nothing but an end", "", true, errc::connection_stale, "", false},
        {"half a header", "HTTP/1.1 200 OK\r\nCont", true, errc::answer_lost, "", false},
        {"half a body", head + "Content-Length: 4\r\n\r\nabc", true, errc::answer_lost, "", false},
        {"half the chunks", head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", true, errc::answer_lost,
         "", false},
    };
}

asio::awaitable<void> each_answer(vendor_double& v) {
    for (const answer_case& c : answer_cases()) {
        BOOST_TEST_INFO_SCOPE(c.what);
        move said{c.say, c.close};
        v.script.push_back(said);
        const auto got = co_await v.ask();
        if (c.error) {
            BOOST_TEST((error_of(got) == *c.error));
            const bool ended = *c.error == errc::answer_lost || *c.error == errc::connection_stale;
            BOOST_TEST(v.cause == (ended ? "End of file" : ""));
        } else {
            BOOST_REQUIRE(got.has_value());
            BOOST_TEST(got->body == c.body);
        }
        const int before = v.accepted;
        const auto next = co_await v.ask();
        BOOST_REQUIRE(next.has_value());
        BOOST_TEST((v.accepted == before) == c.reused);
    }
}

asio::awaitable<void> head_has_no_body(vendor_double& v) {
    v.script.push_back({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"});
    outgoing_request r;
    r.method = "HEAD";
    r.target = "/";
    const auto got = co_await v.client->exchange(r, soon(), http::may_repeat([] { return true; }));
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->body.empty());
    BOOST_TEST(!has(v.requests[0], "Content-Length"));
}

asio::awaitable<void> repeats_when_stale(vendor_double& v, bool repeatable) {
    // The first exchange is answered and kept; on the second the vendor closes instead of answering.
    v.script.push_back({ok()});
    v.script.push_back({"", true});
    const auto one = co_await v.ask();
    BOOST_TEST(one.has_value());
    const auto two = co_await v.ask(repeatable);
    BOOST_TEST(two.has_value() == repeatable);
    if (!repeatable) BOOST_TEST((error_of(two) == errc::connection_stale));
    BOOST_TEST(v.requests.size() == (repeatable ? 3u : 2u));
    BOOST_TEST(v.client->counters().sent_again == (repeatable ? 1u : 0u));
}
asio::awaitable<void> repeats(vendor_double& v) {
    return repeats_when_stale(v, true);
}
asio::awaitable<void> does_not_repeat(vendor_double& v) {
    return repeats_when_stale(v, false);
}

asio::awaitable<void> repeats_once_only(vendor_double& v) {
    v.script.push_back({ok()});
    v.script.push_back({"", true});
    v.script.push_back({"", true});
    const auto one = co_await v.ask(true);
    BOOST_TEST(one.has_value());
    const auto two = co_await v.ask(true);
    BOOST_TEST((error_of(two) == errc::answer_lost));
    BOOST_TEST(v.requests.size() == 3u);
    v.script.push_back({"", true});
    const auto fresh = co_await v.ask(true);
    BOOST_TEST((error_of(fresh) == errc::answer_lost));
    BOOST_TEST(v.requests.size() == 4u);
}

asio::awaitable<void> not_after_a_byte(vendor_double& v) {
    v.script.push_back({ok()});
    v.script.push_back({"H", true});
    const auto one = co_await v.ask(true);
    BOOST_TEST(one.has_value());
    const auto two = co_await v.ask(true);
    BOOST_TEST((error_of(two) == errc::answer_lost));
    BOOST_TEST(v.requests.size() == 2u);
}

asio::awaitable<void> finds_the_dead(vendor_double& v) {
    v.script.push_back({ok(), true});
    const auto one = co_await v.ask();
    BOOST_TEST(one.has_value());
    // Until the end of the connection has reached us: the vendor's side of it is gone then.
    while (v.tasks.size() > 1)
        co_await asio::post(v.io, asio::use_awaitable);
    const auto two = co_await v.ask();
    BOOST_TEST(two.has_value());
    BOOST_TEST(v.client->counters().found_dead == 1u);
    BOOST_TEST(v.accepted == 2);
}

asio::awaitable<void> times_out(vendor_double& v) {
    v.script.push_back({"HTTP/1.1 200 OK\r\n", false, true});
    const auto late = co_await v.ask(true, 20ms);
    BOOST_TEST((error_of(late) == errc::answer_timeout));
    BOOST_TEST(v.client->open_connections() == 0u);
    const auto past = co_await v.ask(true, -1ms);
    BOOST_TEST((error_of(past) == errc::pool_exhausted));
    BOOST_TEST(v.requests.size() == 1u);
    v.release.notify_all();
}

asio::awaitable<void> ask_and_count(vendor_double* v, std::vector<std::string>* done, std::string name) {
    auto request = vendor_double::request(name);
    const auto got = co_await v->client->exchange(std::move(request), soon(), http::may_repeat());
    BOOST_TEST(got.has_value());
    done->push_back(std::move(name));
}

asio::awaitable<void> waits_in_order(vendor_double& v) {
    std::vector<std::string> done;
    v.script.push_back({ok(), false, true});
    v.script.push_back({ok("fine", "Connection: close\r\n"), true});
    v.tasks.spawn("a", ask_and_count(&v, &done, "a"));
    v.tasks.spawn("b", ask_and_count(&v, &done, "b"));
    v.tasks.spawn("c", ask_and_count(&v, &done, "c"));
    while (v.holding == 0)
        co_await v.arrived.wait_until(soon());
    const auto none = co_await v.ask(false, 20ms);
    BOOST_TEST((error_of(none) == errc::pool_exhausted));
    v.release.notify_all();
    while (done.size() < 3)
        co_await asio::post(v.io, asio::use_awaitable);
    BOOST_TEST((done == std::vector<std::string>{"a", "b", "c"}));
    BOOST_TEST(v.requests.size() == 3u);
    BOOST_TEST(v.client->open_connections() <= 1u);
}

asio::awaitable<void> store(vendor_double* v, std::optional<result<incoming_response>>* out,
                            async::signal_event* done) {
    auto got = co_await v->ask();
    out->emplace(std::move(got));
    done->notify_all();
}

asio::awaitable<void> is_cancelled(vendor_double& v) {
    std::optional<result<incoming_response>> sent, waiting;
    async::signal_event done;
    async::task_group group(v.io.get_executor(), v.log);
    v.script.push_back({ok(), false, true});
    group.spawn("sent", store(&v, &sent, &done));
    while (v.holding == 0)
        co_await v.arrived.wait_until(soon());
    group.spawn("waiting", store(&v, &waiting, &done));
    co_await asio::post(v.io, asio::use_awaitable);
    group.cancel();
    co_await group.join();
    BOOST_REQUIRE((sent && waiting));
    BOOST_TEST((error_of(*sent) == errc::answer_lost));
    BOOST_TEST((error_of(*waiting) == errc::cancelled));
    v.release.notify_all();
}

asio::awaitable<void> grows_old(vendor_double& v) {
    const auto one = co_await v.ask();
    const auto two = co_await v.ask();
    BOOST_TEST((one.has_value() && two.has_value()));
    BOOST_TEST(v.accepted == 2);
}

asio::awaitable<void> idles(vendor_double& v) {
    const auto one = co_await v.ask();
    BOOST_TEST(one.has_value());
    BOOST_TEST(v.client->open_connections() == 1u);
    while (v.tasks.size() > 1)
        co_await asio::post(v.io, asio::use_awaitable);
    BOOST_TEST(v.client->open_connections() == 0u);
}

asio::awaitable<void> sends_much(vendor_double& v) {
    const auto got = co_await v.client->exchange(vendor_double::request(std::string(8u << 20, 'b')), soon(),
                                                 http::may_repeat());
    BOOST_TEST(got.has_value());
    BOOST_TEST(v.requests[0].size() > 8u << 20);
}

asio::awaitable<void> asks_twice(vendor_double& v) {
    const auto one = co_await v.ask();
    const auto two = co_await v.ask();
    BOOST_TEST((one.has_value() && two.has_value()));
    BOOST_TEST(v.accepted == 1);
}

asio::awaitable<void> is_refused(vendor_double& v) {
    const auto got = co_await v.ask();
    BOOST_TEST((error_of(got) == errc::connect_failed));
    BOOST_TEST(v.cause == "Connection refused");
}

asio::awaitable<void> has_no_name(vendor_double& v) {
    const auto got = co_await v.ask();
    BOOST_TEST((error_of(got) == errc::dns_failed));
    BOOST_TEST(has(v.cause, "ame "));
    BOOST_TEST(v.client->counters().dns_failures == 1u);
}

asio::awaitable<void> splits_nothing(vendor_double& v) {
    auto bad = vendor_double::request();
    bad.headers.emplace_back("X", "a\r\nY: b");
    bool thrown = false;
    try {
        const auto got = co_await v.client->exchange(std::move(bad), soon(), http::may_repeat());
        BOOST_TEST(got.has_error());
    } catch (const std::invalid_argument&) {
        thrown = true;
    }
    BOOST_TEST(thrown);
    BOOST_TEST(v.requests.empty());
}

asio::awaitable<void> after_stop(vendor_double& v) {
    co_await v.client->stop();
    const auto got = co_await v.ask();
    BOOST_TEST((error_of(got) == errc::cancelled));
}

} // namespace

BOOST_AUTO_TEST_CASE(a_connection_is_kept_and_used_again) {
    settings.path_prefix = "/v1";
    with_client(keeps_connections);
}
BOOST_AUTO_TEST_CASE(answers_of_every_form_are_read_or_refused) {
    settings.most_answer_bytes = 1000;
    settings.most_header_bytes = 512;
    with_client(each_answer);
}
BOOST_AUTO_TEST_CASE(an_answer_to_head_has_no_body) {
    with_client(head_has_no_body);
}
BOOST_AUTO_TEST_CASE(what_may_be_repeated_is_sent_again_when_a_kept_connection_died) {
    with_client(repeats);
}
BOOST_AUTO_TEST_CASE(what_may_not_be_repeated_is_lost_with_its_connection) {
    with_client(does_not_repeat);
}
BOOST_AUTO_TEST_CASE(nothing_is_repeated_twice_nor_on_a_new_connection) {
    with_client(repeats_once_only);
}
BOOST_AUTO_TEST_CASE(nothing_is_repeated_after_a_byte_of_the_answer) {
    with_client(not_after_a_byte);
}
BOOST_AUTO_TEST_CASE(a_dead_connection_is_found_before_it_is_used) {
    with_client(finds_the_dead);
}
BOOST_AUTO_TEST_CASE(a_deadline_after_sending_is_answer_timeout) {
    with_client(times_out);
}
BOOST_AUTO_TEST_CASE(those_that_wait_for_a_connection_are_served_in_order) {
    settings.most_connections = 1;
    with_client(waits_in_order);
}
BOOST_AUTO_TEST_CASE(cancellation_tells_whether_anything_was_sent) {
    settings.most_connections = 1;
    with_client(is_cancelled);
}
BOOST_AUTO_TEST_CASE(an_old_connection_is_not_kept) {
    settings.age_limit = 0ms;
    with_client(grows_old);
}
BOOST_AUTO_TEST_CASE(an_idle_connection_is_closed) {
    settings.idle_limit = 20ms;
    with_client(idles);
}
BOOST_AUTO_TEST_CASE(a_large_request_is_sent_whole) {
    with_client(sends_much);
}
BOOST_AUTO_TEST_CASE(a_refused_connection_is_connect_failed) {
    {
        tcp::acceptor closed(io, loopback(0));
        settings.port = closed.local_endpoint().port();
    }
    with_client(is_refused);
}
BOOST_AUTO_TEST_CASE(a_name_nobody_knows_is_dns_failed) {
    settings.host = "nowhere.invalid";
    with_client(has_no_name);
}
BOOST_AUTO_TEST_CASE(localhost_is_resolved) {
    settings.host = "localhost";
    with_client(asks_twice);
}
BOOST_AUTO_TEST_CASE(a_header_value_cannot_begin_another_field) {
    with_client(splits_nothing);
}
BOOST_AUTO_TEST_CASE(a_stopped_client_sends_nothing) {
    with_client(after_stop);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_client_test
