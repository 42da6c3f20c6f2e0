#include "app/trace_exporter.hpp"

#include "../http/vendor_double.hpp"
#include "../telemetry/exposition.hpp"
#include "../telemetry/fixed_random.hpp"

#include <memory>

namespace app_trace_exporter_test {

using namespace offboard;
using namespace offboard::test;
using namespace std::chrono_literals;

namespace {

struct real_clock final : clock {
    steady_time now() const override { return std::chrono::steady_clock::now(); }
    wall_time today() const override {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
};

constexpr auto batch = telemetry::tracer::batch_spans;

/// An exporter whose collector follows a script.
struct collector : vendor_double {
    collector() {
        where.collector.host = "127.0.0.1";
        where.collector.port = settings.port;
        where.collector.tls = false;
        where.collector.path = "/v1/traces";
        pace.every = 1ms;
        pace.first_pause = pace.longest_pause = 1ms;
        pace.most_tries = 3;
    }

    template <class Test>
    void with_exporter(Test test) {
        const telemetry::otlp::resource us{"offboard", "1.2.3", "instance"};
        exporter =
            std::make_unique<app::trace_exporter>(io, where, us, tracer, time, random, log, counted, pace);
        exporter->start();
        run(whole(this, std::move(test)));
        exporter.reset();
    }

    template <class Test>
    static asio::awaitable<void> whole(collector* self, Test test) {
        co_await test(*self);
        co_await self->exporter->stop(in(self->last_export));
        self->acceptor.close();
        self->tasks.cancel();
        co_await self->tasks.join();
    }

    void record(std::size_t spans) {
        for (; spans > 0; --spans) {
            telemetry::span s;
            s.context = tracer.begin();
            s.name = "POST /offboard";
            tracer.record(std::move(s));
        }
    }

    asio::awaitable<void> received(std::size_t n) {
        while (requests.size() < n)
            co_await arrived.wait_until(soon());
    }

    static move answer(const std::string& status, const std::string& fields = {}) {
        return {"HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: 0\r\n\r\n"};
    }

    double spans(const std::string& result) {
        return exposition(counted.scrape())["offboard_trace_spans_total{result=\"" + result + "\"}"];
    }

    std::size_t spans_in(std::size_t request) const {
        std::size_t n = 0;
        for (auto at = requests[request].find("\"spanId\""); at != std::string::npos;
             at = requests[request].find("\"spanId\"", at + 1))
            ++n;
        return n;
    }

    config::tracing_settings where;
    app::export_pace pace;
    real_clock time;
    fixed_random random;
    telemetry::metrics counted{"1.2.3"};
    telemetry::tracer tracer{random, counted, 1};
    std::unique_ptr<app::trace_exporter> exporter;
    duration last_export = 30s;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(trace_exporter_suite, collector)

namespace {

asio::awaitable<void> arrives(collector& c) {
    c.record(2);
    co_await c.received(1);
}

asio::awaitable<void> full_batch(collector& c) {
    c.record(batch + 1);
    co_await c.received(1);
}

asio::awaitable<void> one_at_the_end(collector& c) {
    c.record(1);
    co_return;
}

asio::awaitable<void> two_after_each_other(collector& c) {
    c.record(1);
    co_await c.received(1);
    c.record(1);
    co_await c.received(2);
}

template <std::size_t N>
asio::awaitable<void> one_until_received(collector& c) {
    c.record(1);
    co_await c.received(N);
}

} // namespace

BOOST_AUTO_TEST_CASE(spans_arrive_as_otlp_in_json) {
    with_exporter(arrives);
    BOOST_REQUIRE(requests.size() == 1u);
    BOOST_TEST(requests[0].starts_with("POST /v1/traces HTTP/1.1\r\n"));
    BOOST_TEST(has(requests[0], "\r\nContent-Type: application/json\r\n"));
    BOOST_TEST(has(requests[0], "{\"resourceSpans\":[{\"resource\":"));
    BOOST_TEST(spans_in(0) == 2u);
    BOOST_TEST(spans("exported") == 2);
}

BOOST_AUTO_TEST_CASE(a_full_batch_does_not_wait_and_the_rest_goes_at_the_end) {
    pace.every = 1h;
    with_exporter(full_batch);
    BOOST_REQUIRE(requests.size() == 2u);
    BOOST_TEST(spans_in(0) == batch);
    BOOST_TEST(spans_in(1) == 1u);
    BOOST_TEST(spans("exported") == batch + 1);
}

BOOST_AUTO_TEST_CASE(what_may_pass_is_sent_again_as_it_was) {
    script.push_back(answer("503 Service Unavailable"));
    script.push_back(answer("429 Too Many Requests", "Retry-After: 1\r\n"));
    with_exporter(one_until_received<3>);
    BOOST_REQUIRE(requests.size() == 3u);
    BOOST_TEST(requests[0] == requests[1]);
    BOOST_TEST(requests[0] == requests[2]);
    BOOST_TEST(spans("exported") == 1);
}

BOOST_AUTO_TEST_CASE(a_collector_that_cuts_is_tried_again) {
    script.push_back({"", true});
    with_exporter(one_until_received<2>);
    BOOST_TEST(spans("exported") == 1);
}

BOOST_AUTO_TEST_CASE(after_so_many_tries_a_batch_is_dropped) {
    for (int i = 0; i < 3; ++i)
        script.push_back(answer("502 Bad Gateway"));
    with_exporter(one_until_received<3>);
    BOOST_TEST(requests.size() == 3u);
    BOOST_TEST(spans("unavailable") == 1);
    BOOST_TEST(spans("exported") == 0);
}

BOOST_AUTO_TEST_CASE(what_is_refused_for_good_is_not_sent_again) {
    script.push_back(answer("400 Bad Request"));
    with_exporter(two_after_each_other);
    BOOST_REQUIRE(requests.size() == 2u);
    BOOST_TEST(requests[0] != requests[1]);
    BOOST_TEST(spans("refused") == 1);
    BOOST_TEST(spans("exported") == 1);
}

BOOST_AUTO_TEST_CASE(rejected_spans_are_counted_as_such) {
    script.push_back({ok(R"({"partialSuccess":{"rejectedSpans":"1"}})")});
    with_exporter(arrives);
    BOOST_TEST(spans("rejected") == 1);
    BOOST_TEST(spans("exported") == 1);
}

BOOST_AUTO_TEST_CASE(the_end_sends_what_is_there) {
    pace.every = 1h;
    with_exporter(one_at_the_end);
    BOOST_TEST(requests.size() == 1u);
    BOOST_TEST(spans("exported") == 1);
}

BOOST_AUTO_TEST_CASE(at_the_end_a_batch_is_tried_once) {
    pace.every = 1h;
    script.push_back(answer("503 Service Unavailable"));
    with_exporter(one_at_the_end);
    BOOST_TEST(requests.size() == 1u);
    BOOST_TEST(spans("shutdown") == 1);
}

BOOST_AUTO_TEST_CASE(a_collector_that_never_answers_does_not_hold_the_end_up) {
    script.push_back({"", false, true});
    last_export = 20ms;
    with_exporter(full_batch);
    BOOST_TEST(requests.size() == 1u);
    BOOST_TEST(spans("shutdown") == batch + 1);
}

BOOST_AUTO_TEST_CASE(while_a_batch_waits_to_be_sent_again_the_end_may_come) {
    pace.first_pause = pace.longest_pause = 1h;
    script.push_back(answer("503 Service Unavailable"));
    with_exporter(one_until_received<1>);
    BOOST_TEST(requests.size() == 2u);
    BOOST_TEST(spans("exported") == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace app_trace_exporter_test
