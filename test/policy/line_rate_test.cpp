#include "offboard/policy/line_rate.hpp"

#include <boost/test/unit_test.hpp>

namespace policy_line_rate_test {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(line_rate_suite)

BOOST_AUTO_TEST_CASE(some_lines_at_once_and_then_one_in_ten_seconds_that_counts_the_others) {
    offboard::policy::line_rate rate;
    offboard::steady_time now{1h};
    for (std::uint32_t i = 0; i < offboard::policy::line_rate::at_once; ++i)
        BOOST_TEST((rate.pass(now) == 0u));
    for (int i = 0; i < 7; ++i)
        BOOST_TEST(!rate.pass(now).has_value());
    now += 10s - 1ns;
    BOOST_TEST(!rate.pass(now).has_value());
    now += 1ns;
    BOOST_TEST((rate.pass(now) == 8u));
    BOOST_TEST(!rate.pass(now).has_value());
    now += 1h;
    BOOST_TEST((rate.pass(now) == 1u));
    for (std::uint32_t i = 1; i < offboard::policy::line_rate::at_once; ++i)
        BOOST_TEST((rate.pass(now) == 0u));
    BOOST_TEST(!rate.pass(now).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_line_rate_test
