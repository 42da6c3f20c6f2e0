#include "offboard/policy/breaker.hpp"

#include <boost/test/unit_test.hpp>

namespace policy_breaker_test {

using namespace std::chrono_literals;
using offboard::steady_time;
using offboard::policy::breaker;
using state = breaker::state;

namespace {

constexpr steady_time t0{1h};

struct fixed final : offboard::random_source {
    std::uint64_t value = 0; ///< 0: the longest wait
    std::uint64_t next() override { return value; }
};

struct with_breaker {
    fixed random;
    breaker b{breaker::rules{5, 10s}};
    void fail(steady_time now) { b.failed(b.started(now), now, random); }
    void trip(steady_time now) {
        for (int i = 0; i < 5; ++i)
            fail(now);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(breaker_suite, with_breaker)

BOOST_AUTO_TEST_CASE(it_opens_at_the_fifth_failure_in_a_row) {
    for (int i = 0; i < 4; ++i)
        fail(t0);
    BOOST_TEST(b.may_start(t0));
    b.succeeded(b.started(t0));
    for (int i = 0; i < 4; ++i)
        fail(t0);
    BOOST_TEST((b.at(t0) == state::closed));
    fail(t0);
    BOOST_TEST((b.at(t0) == state::open));
    BOOST_TEST(!b.may_start(t0 + 9999ms));
    BOOST_TEST((b.next_try(t0) == t0 + 10s));
    BOOST_TEST((b.at(t0 + 10s) == state::half_open));
    BOOST_TEST(b.may_start(t0 + 10s));
    BOOST_TEST(b.trips() == 1u);
}

BOOST_AUTO_TEST_CASE(one_probe_and_its_verdict_decides) {
    trip(t0);
    const auto probe = b.started(t0 + 10s);
    BOOST_TEST(!b.may_start(t0 + 1h));
    BOOST_TEST((b.next_try(t0 + 11s) == steady_time::max()));
    BOOST_TEST((b.at(t0 + 11s) == state::half_open));
    b.failed(probe, t0 + 11s, random);
    BOOST_TEST((b.next_try(t0 + 11s) == t0 + 26s)); // half as long again, and no longer after that
    const auto second = b.started(t0 + 26s);
    b.failed(second, t0 + 27s, random);
    BOOST_TEST((b.next_try(t0 + 27s) == t0 + 42s));
    b.succeeded(b.started(t0 + 42s));
    BOOST_TEST((b.at(t0 + 42s) == state::closed));
    trip(t0 + 50s);
    BOOST_TEST((b.next_try(t0 + 50s) == t0 + 60s)); // the short wait again
}

BOOST_AUTO_TEST_CASE(verdicts_on_calls_from_before_a_change_count_for_nothing) {
    const auto slow = b.started(t0);
    const auto slower = b.started(t0);
    trip(t0 + 1s);
    b.succeeded(slow); // does not close it
    BOOST_TEST((b.at(t0 + 2s) == state::open));
    const auto probe = b.started(t0 + 11s);
    b.failed(slower, t0 + 12s, random); // neither ends nor fails the probe
    BOOST_TEST(!b.may_start(t0 + 1h));
    b.succeeded(probe);
    BOOST_TEST(b.may_start(t0 + 12s));
    b.failed(probe, t0 + 13s, random); // a second verdict
    BOOST_TEST((b.at(t0 + 13s) == state::closed));
}

BOOST_AUTO_TEST_CASE(only_one_of_two_that_race_for_the_probe_has_a_say) {
    trip(t0);
    const auto first = b.started(t0 + 10s);
    const auto second = b.started(t0 + 10s); // did not ask
    b.failed(second, t0 + 10s, random);
    b.succeeded(second);
    BOOST_TEST((b.at(t0 + 10s) == state::half_open));
    b.succeeded(first);
    BOOST_TEST((b.at(t0 + 10s) == state::closed));
}

BOOST_AUTO_TEST_CASE(a_cancelled_probe_frees_its_place) {
    trip(t0);
    const auto probe = b.started(t0 + 10s);
    b.abandoned(probe);
    BOOST_TEST(b.may_start(t0 + 10s));
    const auto next = b.started(t0 + 10s);
    b.abandoned(probe); // of another age
    BOOST_TEST(!b.may_start(t0 + 10s));
    b.succeeded(next);
    BOOST_TEST((b.at(t0 + 10s) == state::closed));
    b.abandoned(b.started(t0 + 10s));
    BOOST_TEST((b.at(t0 + 10s) == state::closed));
}

BOOST_AUTO_TEST_CASE(chance_shortens_the_wait_by_up_to_a_tenth) {
    random.value = 999'999'999; // of 1,000,000,001
    trip(t0);
    BOOST_TEST((b.next_try(t0) == t0 + 9s + 1ns));
    random.value = 1'000'000'001;
    b.failed(b.started(t0 + 10s), t0 + 10s, random);
    BOOST_TEST((b.next_try(t0 + 10s) >= t0 + 10s + 13'500ms));
    BOOST_TEST((b.next_try(t0 + 10s) <= t0 + 25s));
}

BOOST_AUTO_TEST_CASE(a_single_failure_may_be_enough) {
    breaker one({1, 100ms});
    one.failed(one.started(t0), t0, random);
    BOOST_TEST((one.next_try(t0) == t0 + 100ms));
}

BOOST_AUTO_TEST_CASE(a_probe_may_be_let_go_before_its_time_but_not_beside_another) {
    trip(t0);
    BOOST_TEST(!b.may_start(t0 + 1s));
    b.hasten(t0 + 1s);
    BOOST_TEST(b.may_start(t0 + 1s));
    const auto probe = b.started(t0 + 1s);
    b.hasten(t0 + 2s);
    BOOST_TEST(!b.may_start(t0 + 2s));
    b.failed(probe, t0 + 2s, random);
    BOOST_TEST(!b.may_start(t0 + 3s));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_breaker_test
