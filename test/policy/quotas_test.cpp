#include "offboard/policy/quotas.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace policy_quotas_test {

using namespace std::chrono_literals;
using offboard::duration;
using offboard::steady_time;
using offboard::policy::quotas;

namespace {
constexpr steady_time t0{1h};
}

BOOST_AUTO_TEST_SUITE(quotas_suite)

BOOST_AUTO_TEST_CASE(a_full_bucket_is_there_at_once_and_fills_evenly) {
    quotas q(10);
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(!q.take("crm", 3, 60s, t0).has_value());
    BOOST_TEST((q.take("crm", 3, 60s, t0) == duration(20s)));
    BOOST_TEST((q.take("crm", 3, 60s, t0 + 15s) == duration(5s))); // what is refused takes nothing
    BOOST_TEST(!q.take("crm", 3, 60s, t0 + 20s).has_value());
    BOOST_TEST((q.take("crm", 3, 60s, t0 + 20s) == duration(20s)));
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(!q.take("crm", 3, 60s, t0 + 200s).has_value()); // never more than full
    BOOST_TEST(q.take("crm", 3, 60s, t0 + 200s).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_left_is_told_without_taking_any) {
    quotas q(10);
    BOOST_TEST(q.left("crm", 3, 60s, t0).requests == 3u);
    BOOST_TEST((q.left("crm", 3, 60s, t0).full_in == duration(0)));
    q.take("crm", 3, 60s, t0);
    for (int i = 0; i < 2; ++i) {
        BOOST_TEST(q.left("crm", 3, 60s, t0).requests == 2u);
        BOOST_TEST((q.left("crm", 3, 60s, t0).full_in == duration(20s)));
    }
    BOOST_TEST(q.left("crm", 3, 60s, t0 + 19s).requests == 2u);
    BOOST_TEST(q.left("crm", 3, 60s, t0 + 20s).requests == 3u);
    q.take("crm", 3, 60s, t0);
    q.take("crm", 3, 60s, t0);
    BOOST_TEST(q.left("crm", 3, 60s, t0).requests == 0u);
    BOOST_TEST(q.take("crm", 3, 60s, t0).has_value()); // as was said
}

BOOST_AUTO_TEST_CASE(a_quota_of_one_is_one) {
    quotas q(10);
    BOOST_TEST(!q.take("a", 1, 1s, t0).has_value());
    BOOST_TEST((q.take("a", 1, 1s, t0) == duration(1s)));
    BOOST_TEST(!q.take("a", 1, 1s, t0 + 1s).has_value());
}

BOOST_AUTO_TEST_CASE(callers_have_a_bucket_each) {
    quotas q(10);
    BOOST_TEST(!q.take("a", 1, 60s, t0).has_value());
    BOOST_TEST(!q.take("b", 1, 60s, t0).has_value());
    BOOST_TEST(q.take("a", 1, 60s, t0).has_value());
}

BOOST_AUTO_TEST_CASE(the_count_is_exact_where_the_division_is_not) {
    for (const std::uint32_t requests : {7u, 999u, 999'999u, 1'000'000u}) {
        quotas q(1);
        std::uint32_t taken = 0;
        while (!q.take("a", requests, 1s, t0))
            ++taken;
        BOOST_TEST(taken == requests);
    }
}

BOOST_AUTO_TEST_CASE(who_came_longest_ago_is_forgotten) {
    quotas q(2);
    q.take("a", 1, 60s, t0);
    q.take("b", 1, 60s, t0);
    q.take("a", 1, 60s, t0); // refused, but it came
    q.take("c", 1, 60s, t0);
    BOOST_TEST(q.callers() == 2u);
    BOOST_TEST(q.take("a", 1, 60s, t0).has_value());
    BOOST_TEST(!q.take("b", 1, 60s, t0).has_value()); // begins anew
    for (int i = 0; i < 1000; ++i)
        q.take("x" + std::to_string(i), 1, 60s, t0);
    BOOST_TEST(q.callers() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_quotas_test
