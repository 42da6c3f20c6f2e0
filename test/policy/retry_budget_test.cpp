#include "offboard/policy/retry_budget.hpp"

#include <boost/test/unit_test.hpp>

namespace policy_retry_budget_test {

using namespace std::chrono_literals;
using offboard::steady_time;
using offboard::policy::retry_budget;

namespace {
constexpr steady_time t0{1h};
}

BOOST_AUTO_TEST_SUITE(retry_budget_suite)

BOOST_AUTO_TEST_CASE(the_first_few_retries_wait_for_nothing) {
    retry_budget b({3, .2, .5});
    for (int i = 0; i < 3; ++i)
        BOOST_TEST((b.ready_at(b.charge(t0), t0) == t0));
    BOOST_TEST(b.left(t0) == 0);
    const auto fourth = b.charge(t0);
    const auto fifth = b.charge(t0);
    BOOST_TEST((b.ready_at(fourth, t0) == t0 + 2s));
    BOOST_TEST((b.ready_at(fifth, t0) == t0 + 4s));
    BOOST_TEST(b.left(t0) == -2);
}

BOOST_AUTO_TEST_CASE(successes_bring_the_turn_nearer_in_order) {
    retry_budget b({1, .25, .5});
    b.charge(t0);
    const auto second = b.charge(t0);
    const auto third = b.charge(t0);
    for (int i = 0; i < 4; ++i)
        b.succeeded(t0);
    BOOST_TEST((b.ready_at(second, t0) == t0));
    BOOST_TEST((b.ready_at(third, t0) == t0 + 2s));
    BOOST_TEST((b.ready_at(third, t0 + 1s) == t0 + 2s));
    BOOST_TEST((b.ready_at(third, t0 + 2s) == t0 + 2s));
}

BOOST_AUTO_TEST_CASE(a_lone_retry_never_depends_on_others) {
    retry_budget b({1, 0, .5});
    steady_time now = t0;
    for (int i = 0; i < 1000; ++i) {
        const auto t = b.charge(now);
        const steady_time ready = b.ready_at(t, now);
        BOOST_REQUIRE((ready - now <= 2s));
        now = ready;
        BOOST_REQUIRE((b.ready_at(t, now) == now));
    }
}

BOOST_AUTO_TEST_CASE(no_more_than_the_most_is_ever_kept) {
    retry_budget b({5, 1, 1});
    for (int i = 0; i < 1000; ++i)
        b.succeeded(t0 + i * 1s);
    BOOST_TEST(b.left(t0 + 2h) == 5);
}

BOOST_AUTO_TEST_CASE(retries_stay_a_fraction_of_a_failing_vendors_calls) {
    // Ten calls a second for an hour, every second one fails, and each failure asks for a retry.
    retry_budget b;
    std::uint64_t wanted = 0;
    std::uint64_t honoured = 0;
    std::vector<retry_budget::ticket> waiting;
    for (int tenth = 0; tenth < 36'000; ++tenth) {
        const steady_time now = t0 + tenth * 100ms;
        if (tenth % 2 == 0) {
            waiting.push_back(b.charge(now));
            ++wanted;
        } else {
            b.succeeded(now);
        }
        while (honoured < waiting.size() && b.ready_at(waiting[honoured], now) <= now)
            ++honoured;
    }
    BOOST_TEST(wanted == 18'000u);
    BOOST_TEST(honoured <= 18'000 * .2 + 3600 * .5 + 21);
    BOOST_TEST(honoured >= 18'000 * .2 + 3600 * .5 - 21);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_retry_budget_test
