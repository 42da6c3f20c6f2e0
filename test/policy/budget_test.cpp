#include "offboard/policy/budget.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <queue>
#include <random>
#include <vector>

namespace policy_budget_test {

using namespace std::chrono_literals;
using offboard::duration;
using offboard::steady_time;
using offboard::policy::budget;
using offboard::policy::never;

namespace {

constexpr steady_time t0{1h};

/// A call without any latency.
void call(budget& b, steady_time now) {
    b.started(now);
    b.finished(now);
}

/// The most of `times` in any half-open window, by looking at every one.
std::size_t most_in_window(std::vector<steady_time> times, duration per) {
    std::ranges::sort(times);
    std::size_t most = 0;
    for (auto first = times.begin(); first != times.end(); ++first)
        most = std::max(most,
                        static_cast<std::size_t>(std::lower_bound(first, times.end(), *first + per) - first));
    return most;
}

} // namespace

BOOST_AUTO_TEST_SUITE(budget_suite)

BOOST_AUTO_TEST_CASE(a_slot_returns_a_window_after_its_call_has_ended_and_not_before) {
    const struct {
        std::uint64_t calls;
        duration per;
        duration window;
    } rows[] = {{300, 5min, 300'300ms}, {10, 2s, 2002ms}, {1000, 1min, 60'060ms}, {1, 1ms, 1001us}};
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.calls << " calls") {
            budget b(row.calls, row.per);
            BOOST_TEST((b.window() == row.window));
            for (std::uint64_t i = 0; i < row.calls; ++i) {
                BOOST_TEST(b.left(t0) == row.calls - i);
                BOOST_TEST((b.next_start(t0) == t0));
                b.started(t0);
            }
            BOOST_TEST(!b.may_start(t0));
            BOOST_TEST((b.next_start(t0 + row.window * 3) == never)); // all are in flight still
            for (std::uint64_t i = 0; i < row.calls; ++i)
                b.finished(t0 + 100us);
            const steady_time back = t0 + 100us + row.window;
            BOOST_TEST((b.next_start(t0 + 100us) == back));
            BOOST_TEST(!b.may_start(back - duration(1)));
            BOOST_TEST(b.left(back) == row.calls);
        }
    }
}

BOOST_AUTO_TEST_CASE(slots_return_one_by_one_round_and_round) {
    budget b(3, 3s);
    steady_time now = t0;
    for (int i = 0; i < 3; ++i)
        call(b, t0 + i * 100ms);
    for (int round = 0; round < 1000; ++round) {
        now = b.next_start(std::max(now, t0 + 200ms));
        BOOST_REQUIRE(b.left(now) >= 1);
        call(b, now);
    }
    BOOST_TEST((now - t0 >= 333 * 3s));
}

BOOST_AUTO_TEST_CASE(no_window_of_the_vendor_ever_holds_one_too_many) {
    std::mt19937_64 random(7);
    const auto up_to = [&](duration d) {
        return duration(static_cast<duration::rep>(random() % static_cast<std::uint64_t>(d.count() + 1)));
    };
    const struct {
        std::uint64_t calls;
        duration per;
        duration latency;
        duration pause;
    } rows[] = {{10, 2s, 500ms, 100ms}, {1, 1s, 3s, 1s},        {300, 5min, 2s, 1s},
                {7, 70ms, 1ms, 30ms},   {5000, 1s, 10ms, 10us}, {2000, 500ms, 700ms, 200us}};
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.calls << " calls") {
            budget b(row.calls, row.per);
            std::vector<steady_time> started, counted;
            std::priority_queue<steady_time, std::vector<steady_time>, std::greater<>>
                ends; // the next one first
            steady_time now = t0;
            while (started.size() < row.calls * 4 + 3000) {
                now += up_to(row.pause);
                while (!ends.empty() && (ends.top() <= now || b.next_start(now) == never)) {
                    now = std::max(now, ends.top());
                    ends.pop();
                    b.finished(now);
                }
                now = b.next_start(now);
                while (!ends.empty() && ends.top() <= now) { // late by our own doing: safe
                    ends.pop();
                    b.finished(now);
                }
                if (!b.may_start(now)) continue;
                b.started(now);
                const duration took = up_to(row.latency);
                started.push_back(now);
                counted.push_back(now + up_to(took)); // anywhere between first byte and answer
                ends.push(now + took);
            }
            BOOST_TEST(most_in_window(started, row.per) <= row.calls);
            BOOST_TEST(most_in_window(counted, row.per) <= row.calls);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_huge_budget_remembers_little_and_gives_nearly_all_it_has) {
    budget b(1'000'000'000, 1s);
    steady_time now = t0;
    for (int i = 0; i < 100'000; ++i)
        call(b, now += 100us);
    BOOST_TEST(b.held(now).size() <= 515u);
    BOOST_TEST(b.left(now) >= 1'000'000'000u - 10'050u);
    BOOST_TEST(b.left(now) <= 1'000'000'000u - 10'000u);
    BOOST_TEST(b.left(now + 2s) == 1'000'000'000u);
}

BOOST_AUTO_TEST_CASE(ends_remembered_as_one_return_with_the_last_of_them) {
    budget b(2000, 1s);
    call(b, t0);
    for (int i = 1; i < 2000; ++i)
        call(b, t0 + 1ms);
    BOOST_TEST(b.held(t0 + 1ms).size() == 1u);
    BOOST_TEST(!b.may_start(t0 + b.window()));
    BOOST_TEST(b.left(t0 + 1ms + b.window()) == 2000u);
}

BOOST_AUTO_TEST_CASE(the_vendors_word_corrects_downwards_until_its_reset_and_never_upwards) {
    const struct {
        const char* what;
        int ours;      ///< calls ended before
        int in_flight; ///< beside them
        offboard::policy::vendor_count told;
        std::uint64_t left;
        duration until; ///< when `left` is 300 less ours again; zero: at once
    } rows[] = {
        {"agrees", 10, 0, {300, 290, 200s}, 290, 0s},
        {"has more than we think", 10, 0, {300, 299, 200s}, 290, 0s},
        {"has fewer", 10, 0, {300, 40, 200s}, 40, 200s},
        {"may not have counted what is in flight", 10, 4, {300, 40, 200s}, 36, 200s},
        {"has fewer than are in flight", 10, 4, {300, 2, 200s}, 0, 200s},
        {"has none", 10, 0, {300, 0, 17s}, 0, 17s},
        {"does not say when", 10, 0, {300, 5, {}}, 5, 300s},
        {"says when as a point in time", 10, 0, {300, 5, 1'700'000'000s}, 5, 300s},
        {"has reset by now", 10, 0, {300, 0, 0s}, 290, 0s},
        {"says nothing", 10, 0, {}, 290, 0s},
        {"says nonsense of its limit", 10, 0, {0, 290, 10s}, 290, 0s},
        {"has a higher limit", 10, 0, {1000, 990, 10s}, 290, 0s},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.what) {
            budget b(300, 5min);
            for (int i = 0; i < row.in_flight; ++i)
                b.started(t0);
            for (int i = 0; i < row.ours; ++i)
                call(b, t0);
            b.observe(row.told, t0);
            BOOST_TEST(b.left(t0) == row.left);
            if (row.until == 0s) continue;
            BOOST_TEST(b.left(t0 + row.until - duration(1)) == row.left);
            const auto own = static_cast<std::uint64_t>(300 - row.ours - row.in_flight);
            BOOST_TEST(b.left(t0 + row.until) == own);
            if (row.left == 0) BOOST_TEST((b.next_start(t0) == t0 + row.until));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_lower_limit_holds_while_the_vendor_says_so) {
    budget b(300, 5min);
    for (int i = 0; i < 150; ++i)
        call(b, t0 + i * 1s);
    const steady_time now = t0 + 150s;
    b.observe({100, {}, {}}, now);
    BOOST_TEST(b.left(now) == 0u);
    // 51 must have returned before one may go.
    BOOST_TEST((b.next_start(now) == t0 + 50s + b.window()));
    BOOST_TEST(!b.may_start(t0 + 50s + b.window() - duration(1)));
    BOOST_TEST(b.left(t0 + 50s + b.window()) == 1u);
    b.observe({300, {}, {}}, now);
    BOOST_TEST(b.left(now) == 150u);
}

BOOST_AUTO_TEST_CASE(answers_that_overtake_each_other_leave_the_lowest_word) {
    budget b(300, 5min);
    b.observe({300, 4, 100s}, t0);
    b.observe({300, 5, 100s}, t0 + 100ms);
    BOOST_TEST(b.left(t0 + 100ms) == 4u);
    call(b, t0 + 200ms);
    BOOST_TEST(b.left(t0 + 200ms) == 3u);
    b.observe({300, 200, 300s}, t0 + 300ms); // the vendor's next window
    BOOST_TEST(b.left(t0 + 300ms) == 200u);
}

BOOST_AUTO_TEST_CASE(a_hold_lasts_whatever_other_answers_say) {
    budget b(10, 2s);
    b.hold(t0 + 10s, t0);
    b.hold(t0 + 5s, t0);
    b.observe({10, 9, 2s}, t0 + 1s);
    BOOST_TEST(b.left(t0 + 1s) == 0u);
    BOOST_TEST((b.next_start(t0 + 1s) == t0 + 10s));
    BOOST_TEST(b.left(t0 + 10s) == 10u);
}

BOOST_AUTO_TEST_CASE(what_is_held_survives_a_restart) {
    budget before(5, 10s);
    call(before, t0);
    call(before, t0 + 1s);
    before.started(t0 + 2s); // in flight when the process ends
    const auto held = before.held(t0 + 3s);
    BOOST_REQUIRE_EQUAL(held.size(), 3u);

    budget after(5, 10s);
    after.restore({held.rbegin(), held.rend()});
    const steady_time now = t0 + 4s;
    BOOST_TEST(after.left(now) == 2u);
    call(after, now);
    call(after, now);
    BOOST_TEST((after.next_start(now) == t0 + after.window()));
    BOOST_TEST(after.left(t0 + 3s + after.window()) == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_budget_test
