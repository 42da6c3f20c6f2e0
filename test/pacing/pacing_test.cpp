#include "pacing/pacing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

namespace pacing_test {

using namespace pacing;

namespace {

struct figures {
    duration p50;
    duration p99;
};
// In the order of acceptance().
constexpr figures wanted[] = {{0s, 200ms},     {100ms, 1100ms}, {600ms, 1200ms},
                              {600ms, 1200ms}, {700ms, 1700ms}, {600ms, 1200ms}};

bool holds(const scenario& s, const report& r, const figures& f) {
    const bool burst = s.burst.customers == 0 || (r.burst_gone <= 230s && r.single_longest <= 1500ms);
    return most_in_window(starts(r), s.per) <= s.calls && r.p50 <= f.p50 && r.p99 <= f.p99 && burst;
}

} // namespace

BOOST_AUTO_TEST_SUITE(pacing_suite)

BOOST_AUTO_TEST_CASE(the_queue_reaches_every_figure) {
    const auto rows = acceptance();
    BOOST_REQUIRE_EQUAL(rows.size(), std::size(wanted));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        BOOST_TEST_CONTEXT(rows[i].name) {
            const report r = run(rows[i]);
            BOOST_TEST(r.settled == r.customers);
            BOOST_TEST(most_in_window(starts(r), 5min) <= 300u);
            BOOST_TEST((r.p50 <= wanted[i].p50));
            BOOST_TEST((r.p99 <= wanted[i].p99));
            BOOST_TEST((r.burst_gone <= 230s));
            BOOST_TEST((r.single_longest <= 1500ms));
            BOOST_TEST(holds(rows[i], r, wanted[i]));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_burst_is_gone_in_time_whenever_it_comes_and_however_it_is_cut) {
    for (const auto& [at, operations] :
         {std::pair<duration, std::uint32_t>{0s, 1}, {100s, 20}, {290s, 50}, {310s, 2}}) {
        BOOST_TEST_CONTEXT(std::chrono::duration<double>(at).count()
                           << " s, " << operations << " operations") {
            scenario s = acceptance()[5];
            s.length = 15min;
            s.burst.at = at;
            s.burst.operations = operations;
            BOOST_TEST(holds(s, run(s), wanted[5]));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_figures_hold_for_other_arrivals_and_when_the_vendor_tells_its_count) {
    for (std::uint64_t seed = 2; seed < 7; ++seed) {
        for (const std::size_t i : {0u, 1u, 2u}) {
            BOOST_TEST_CONTEXT(seed << ", row " << i) {
                scenario s = acceptance()[i];
                s.seed = seed;
                s.tells = seed % 2 == 0;
                BOOST_TEST(holds(s, run(s), wanted[i]));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(no_window_of_the_vendors_own_count_is_exceeded_however_late_calls_arrive) {
    const struct {
        std::uint64_t calls;
        duration per;
        duration spread;
        std::uint32_t lanes;
    } rows[] = {{300, 5min, 3s, 1}, {10, 2s, 1s, 3}, {10, 2s, 10ms, 1}, {1000, 1min, 500ms, 20}};
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.calls << " calls") {
            scenario s;
            s.per_second = 40;
            s.length = 10min;
            s.calls = row.calls;
            s.per = row.per;
            s.latency = 20ms;
            s.latency_spread = row.spread;
            s.lanes = row.lanes;
            s.most_in_flight = 8;
            const report r = run(s);
            BOOST_TEST(r.settled == r.customers);
            BOOST_TEST(most_in_window(starts(r), row.per) <= row.calls);
            BOOST_TEST(most_in_window(counted(r), row.per) <= row.calls);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_budget_shared_with_others_is_followed_downwards) {
    scenario s = acceptance()[2];
    s.tells = true;
    s.used_by_others = 150;
    const report r = run(s);
    BOOST_TEST(r.settled == r.customers);
    BOOST_TEST(std::ranges::count(r.calls, true, &call::refused) == 0);
    BOOST_TEST((r.longest <= 3s)); // half the calls, so twice the spacing; nobody waits for a reset
}

BOOST_AUTO_TEST_CASE(others_that_leave_one_call_a_window_cost_time_and_no_customer) {
    scenario s;
    s.per_second = 20;
    s.length = 10s;
    s.tells = true;
    s.used_by_others = 299;
    s.lanes = 4;
    const report r = run(s);
    BOOST_TEST(r.settled == r.customers);
    // Some were under way before the first answer told; after that each window sees one call.
    const auto refused = std::ranges::count(r.calls, true, &call::refused);
    BOOST_TEST(refused >= 1);
    BOOST_TEST(refused <= 3);
    BOOST_TEST(std::ranges::count_if(r.calls, [](const call& c) { return c.started > 10s && c.refused; }) ==
               0);
}

BOOST_AUTO_TEST_CASE(a_vendor_that_is_back_is_used_again_soon_and_not_run_over) {
    for (const double rate : {0.2, 10.0, 60.0}) {
        BOOST_TEST_CONTEXT(rate << " a second") {
            scenario s;
            s.per_second = rate;
            s.length = 20min;
            s.down_from = 5min;
            s.down_until = 10min;
            const report r = run(s);
            BOOST_TEST(r.settled == r.customers);
            BOOST_TEST(most_in_window(starts(r), 5min) <= 300u);
            const auto working = std::ranges::find_if(
                r.calls, [&](const call& c) { return c.started >= s.down_until && !c.failed; });
            BOOST_REQUIRE((working != r.calls.end()));
            BOOST_TEST((working->started - s.down_until <= 30s));
            BOOST_TEST(std::ranges::count(r.calls, true, &call::failed) <= 5 + 4 + 5 * 60 / 13 + 1);
            std::vector<duration> after;
            for (const call& c : r.calls)
                if (c.started >= s.down_until) after.push_back(c.started);
            BOOST_TEST(most_in_window(after, 1s) <= 11u); // the small allowance
            BOOST_TEST(most_in_window(after, 30s) <= 41u);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_same_scenario_gives_the_same_report) {
    scenario s = acceptance()[2];
    s.length = 2min;
    const report a = run(s);
    const report b = run(s);
    BOOST_TEST((starts(a) == starts(b)));
    BOOST_TEST((a.p99 == b.p99));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace pacing_test
