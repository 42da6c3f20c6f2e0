#include "offboard/policy/pacer.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

namespace policy_pacer_test {

using namespace std::chrono_literals;
using offboard::duration;
using offboard::steady_time;
using offboard::policy::never;
using offboard::policy::pacer;

namespace {

constexpr steady_time t0{1h};

/// Starts as soon as it may, until `until`; every call takes `latency`, one at a time.
std::vector<steady_time> saturate(pacer& p, steady_time from, steady_time until, duration latency) {
    std::vector<steady_time> out;
    for (steady_time now = from; (now = p.ready_at(now)) < until; now += latency) {
        BOOST_REQUIRE(p.ready(now));
        p.started(now);
        out.push_back(now);
        p.finished(now + latency);
    }
    return out;
}

std::size_t most_in_window(const std::vector<steady_time>& times, duration per) {
    std::size_t most = 0;
    for (auto first = times.begin(); first != times.end(); ++first)
        most = std::max(most,
                        static_cast<std::size_t>(std::lower_bound(first, times.end(), *first + per) - first));
    return most;
}

} // namespace

BOOST_AUTO_TEST_SUITE(pacer_suite)

BOOST_AUTO_TEST_CASE(the_allowance_scales_with_the_budget) {
    const struct {
        std::uint64_t calls;
        double allowance;
    } rows[] = {{1, 1}, {2, 1}, {4, 1}, {5, 2}, {9, 3}, {10, 3}, {119, 3}, {120, 4}, {300, 10}, {1000, 33}};
    for (const auto& row : rows)
        BOOST_TEST(pacer(row.calls, 1min).allowance() == row.allowance);
}

BOOST_AUTO_TEST_CASE(a_few_go_at_once_and_the_rest_are_spaced_with_no_long_wait_ever) {
    const struct {
        std::uint64_t calls;
        duration per;
        duration latency;
        std::size_t at_once;
        duration longest_gap;
    } rows[] = {{300, 5min, 20ms, 10, 1050ms}, {10, 2s, 10ms, 3, 320ms},    {1000, 1min, 1ms, 33, 70ms},
                {1, 10s, 100ms, 1, 10'200ms},  {2, 10s, 100ms, 1, 5'200ms}, {600, 1min, 10ms, 20, 120ms}};
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.calls << " calls") {
            pacer p(row.calls, row.per);
            const auto starts = saturate(p, t0, t0 + 4 * row.per, row.latency);
            BOOST_TEST(most_in_window(starts, row.per) <= row.calls);
            // All of the budget is used, but for the latency and the thousandth.
            BOOST_TEST(starts.size() >= row.calls * 4 * 95 / 100);
            BOOST_TEST((starts[row.at_once - 1] - t0 == static_cast<int>(row.at_once - 1) * row.latency));
            duration longest{};
            for (std::size_t i = 1; i < starts.size(); ++i)
                longest = std::max(longest, starts[i] - starts[i - 1]);
            BOOST_TEST((longest <= row.longest_gap));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_quiet_time_earns_the_allowance_back) {
    pacer p(300, 5min);
    const auto first = saturate(p, t0, t0 + 100s, 20ms);
    const steady_time now = t0 + 130s;
    const auto second = saturate(p, now, now + 500ms, 20ms);
    BOOST_TEST(first.size() == 106u, "10 at once and 96 spaced; was " << first.size());
    BOOST_TEST(second.size() == 10u);
}

BOOST_AUTO_TEST_CASE(the_vendors_lower_count_is_spread_over_the_time_to_its_reset) {
    pacer p(300, 5min);
    p.started(t0);
    p.finished(t0);
    p.observe({300, 20, 200s}, t0);
    const auto starts = saturate(p, t0, t0 + 199s, 20ms);
    BOOST_TEST(starts.size() == 20u);
    // The allowance first, then evenly; nothing is left to wait for in one piece.
    duration longest{};
    for (std::size_t i = 1; i < starts.size(); ++i)
        longest = std::max(longest, starts[i] - starts[i - 1]);
    BOOST_TEST((longest <= 20s));
    BOOST_TEST((p.ready_at(t0 + 199s) <= t0 + 200s + 1us));
}

BOOST_AUTO_TEST_CASE(the_vendors_reset_gives_our_own_rate_back_without_any_call) {
    pacer p(300, 5min);
    p.observe({300, 2, 100s}, t0);
    BOOST_TEST(saturate(p, t0, t0 + 99s, 20ms).size() == 2u);
    BOOST_TEST((p.spacing(t0 + 99s) > 1100ms));
    BOOST_TEST((p.ready_at(t0 + 101s) == t0 + 101s));
    BOOST_TEST((p.spacing(t0 + 101s) < 1100ms));
    BOOST_TEST(saturate(p, t0 + 115s, t0 + 115500ms, 20ms).size() == 10u);
}

BOOST_AUTO_TEST_CASE(after_a_hold_it_begins_with_one_call_not_a_burst) {
    pacer p(300, 5min);
    p.hold(t0 + 10s, t0);
    BOOST_TEST((p.ready_at(t0 + 1s) == t0 + 10s));
    const auto starts = saturate(p, t0 + 1s, t0 + 15s, 20ms);
    BOOST_REQUIRE_EQUAL(starts.size(), 5u);
    BOOST_TEST((starts[0] == t0 + 10s));
    BOOST_TEST((starts[1] - starts[0] >= 1s));
}

BOOST_AUTO_TEST_CASE(what_it_promises_is_kept_and_never_moves_back_without_a_start) {
    std::mt19937_64 random(3);
    for (int round = 0; round < 200; ++round) {
        pacer p(1 + random() % 40, 1ms * (1 + random() % 5000));
        steady_time now = t0;
        for (int i = 0; i < 200; ++i) {
            const steady_time ready = p.ready_at(now);
            BOOST_REQUIRE((ready != never));
            const steady_time half = now + (ready - now) / 2;
            BOOST_REQUIRE((p.ready_at(half) <= std::max(ready, half) + duration(2)));
            now = p.ready_at(std::max(half, ready));
            BOOST_REQUIRE((now - ready <= 2us));
            BOOST_REQUIRE(p.slots().may_start(now));
            p.started(now);
            if (random() % 10 == 0) BOOST_REQUIRE((p.slots().in_flight() == 1));
            now += 1us * (random() % 50'000);
            p.finished(now);
            if (random() % 20 == 0) p.observe({{}, random() % 40, 1ms * (random() % 3000)}, now);
            if (random() % 50 == 0) p.hold(now + 1ms * (random() % 3000), now);
        }
    }
}

BOOST_AUTO_TEST_CASE(with_every_slot_in_flight_it_waits_for_an_end) {
    pacer p(1, 1s);
    p.started(t0);
    BOOST_TEST((p.ready_at(t0 + 10s) == never));
    p.finished(t0 + 20s);
    BOOST_TEST((p.ready_at(t0 + 20s) == t0 + 20s + p.slots().window()));
}

BOOST_AUTO_TEST_CASE(it_goes_on_after_a_restart_where_it_was) {
    pacer p(300, 5min);
    std::vector<offboard::policy::budget::spent> held{{t0 - 100s, 200}, {t0 - 1s, 99}};
    p.restore(held, t0);
    BOOST_TEST(p.slots().left(t0) == 1u);
    BOOST_TEST(saturate(p, t0, t0 + 200s, 20ms).size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_forecast_is_what_happens) {
    const struct {
        std::uint64_t calls;
        std::uint64_t ahead;
    } rows[] = {{300, 1}, {300, 10}, {300, 50}, {300, 280}, {10, 5}, {10, 30}};
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.calls << " calls, " << row.ahead << " ahead") {
            pacer p(row.calls, 5min);
            const steady_time told = p.forecast(row.ahead, t0);
            const auto starts = saturate(p, t0, t0 + 30min, 1ms);
            const double happened = std::chrono::duration<double>(starts[row.ahead - 1] - t0).count();
            const double said = std::chrono::duration<double>(told - t0).count();
            BOOST_TEST(std::abs(said - happened) <= happened * 0.2 + 0.1, said << " against " << happened);
        }
    }
}

BOOST_AUTO_TEST_CASE(nothing_left_for_a_second_does_not_close_the_whole_window) {
    const steady_time start = steady_time{} + 1h;
    pacer p(300, 5min);
    const auto tell = [&](std::uint64_t remaining, offboard::duration reset, steady_time at) {
        offboard::policy::vendor_count count;
        count.limit = 300;
        count.remaining = remaining;
        count.reset_in = reset;
        p.observe(count, at);
    };
    p.started(start);
    p.finished(start);
    tell(299, 298s, start);
    tell(0, 1s, start + 10ms);
    BOOST_TEST(!p.ready(start + 500ms));
    steady_time now = start + 500ms;
    for (int asked = 0; p.ready_at(now) > now; ++asked) {
        BOOST_REQUIRE_LT(asked, 10);
        now = p.ready_at(now);
    }
    BOOST_TEST((now >= start + 1s));
    BOOST_TEST((now <= start + 4s));
}

BOOST_AUTO_TEST_CASE(a_budget_that_is_none_neither_counts_nor_spaces_but_is_held) {
    const steady_time start = steady_time{} + 1h;
    pacer p(1'000'000'000, 1s);
    for (int i = 0; i < 10'000; ++i) {
        BOOST_REQUIRE(p.ready(start));
        p.started(start);
    }
    p.hold(start + 1s, start);
    BOOST_TEST((p.ready_at(start) == start + 1s));
    BOOST_TEST((p.forecast(1'000, start) == start + 1s));
}

BOOST_AUTO_TEST_CASE(a_hold_on_a_spent_allowance_ends_with_the_hold) {
    const steady_time start = steady_time{} + 1h;
    pacer p(300, 5min);
    for (int i = 0; i < 10; ++i) {
        p.started(start);
        p.finished(start);
    }
    p.hold(start + 1s, start);
    steady_time now = start;
    for (int asked = 0; p.ready_at(now) > now; ++asked) {
        BOOST_REQUIRE_LT(asked, 10);
        now = p.ready_at(now);
        BOOST_REQUIRE((now <= start + 3s));
    }
    BOOST_TEST((now >= start + 1s));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_pacer_test
