#include "offboard/telemetry/tracer.hpp"

#include "exposition.hpp"
#include "fixed_random.hpp"

#include <boost/test/unit_test.hpp>

namespace telemetry_tracer_test {

using namespace offboard;
using namespace offboard::telemetry;
using offboard::test::fixed_random;

namespace {

struct traced {
    fixed_random random;
    metrics counted{"1.2.3"};

    double spans(const std::string& result) {
        return exposition(counted.scrape())["offboard_trace_spans_total{result=\"" + result + "\"}"];
    }
};

span one(tracer& t) {
    span out;
    out.context = t.begin_sampled();
    out.name = "GET /offboard/{id}";
    return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(tracer_suite, traced)

BOOST_AUTO_TEST_CASE(without_a_collector_nothing_is_kept_and_traces_are_carried_on) {
    tracer t(random, counted, {});
    BOOST_TEST(!t.begin().sampled);
    const trace_context theirs = t.carry_on("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    BOOST_TEST(theirs.sampled);
    BOOST_TEST(!t.keeps(theirs));
    t.record(one(t));
    BOOST_TEST(t.size() == 0u);
    BOOST_TEST(spans("exported") == -1);
}

BOOST_AUTO_TEST_CASE(only_what_is_sampled_is_kept) {
    tracer t(random, counted, 0);
    BOOST_TEST(!t.keeps(trace_context{}));
    BOOST_TEST(!t.keeps(t.begin()));
    span dull;
    dull.context = t.begin();
    t.record(std::move(dull));
    BOOST_TEST(t.size() == 0u);
    t.record(one(t)); // a caller who samples is heard whatever our own share is
    BOOST_TEST(t.size() == 1u);
}

BOOST_AUTO_TEST_CASE(beyond_the_room_the_newest_are_dropped_and_counted) {
    tracer t(random, counted, 1);
    int told = 0;
    t.on_full_batch([&] { ++told; });
    for (std::size_t i = 0; i < tracer::most_spans + 3; ++i) {
        span s = one(t);
        s.dropped_links = i; // tells them apart
        t.record(std::move(s));
    }
    BOOST_TEST(t.size() == tracer::most_spans);
    BOOST_TEST(spans("no_room") == 3);
    BOOST_TEST(told == int(tracer::most_spans / tracer::batch_spans));
    const auto first = t.take();
    BOOST_REQUIRE(first.size() == tracer::batch_spans);
    BOOST_TEST(first.front().dropped_links == 0u);
    BOOST_TEST(first.back().dropped_links == tracer::batch_spans - 1);
    while (t.size() > tracer::batch_spans)
        t.take();
    BOOST_TEST(t.take().back().dropped_links == tracer::most_spans - 1);
    BOOST_TEST(t.take().empty());
}

BOOST_AUTO_TEST_CASE(a_batch_is_bounded_by_its_links_too) {
    tracer t(random, counted, 1);
    const std::size_t full = tracer::batch_links / span::most_links;
    for (std::size_t i = 0; i < full + 1; ++i) {
        span s = one(t);
        for (std::size_t l = 0; l < span::most_links + 2; ++l)
            s.link(t.begin_sampled());
        BOOST_TEST(s.links.size() == span::most_links);
        BOOST_TEST(s.dropped_links == 2u);
        t.record(std::move(s));
    }
    BOOST_TEST(t.take().size() == full);
    BOOST_TEST(t.take().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace telemetry_tracer_test
