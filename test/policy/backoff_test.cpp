#include "offboard/policy/backoff.hpp"

#include <boost/test/unit_test.hpp>

namespace policy_backoff_test {

using namespace std::chrono_literals;

namespace {
struct fixed final : offboard::random_source {
    std::uint64_t value = 0;
    std::uint64_t next() override { return value; }
};
} // namespace

BOOST_AUTO_TEST_SUITE(backoff_suite)

BOOST_AUTO_TEST_CASE(the_longest_wait_doubles_and_stops_at_the_cap) {
    const offboard::policy::backoff b{500ms, 30s};
    const struct {
        std::uint32_t tries;
        offboard::duration longest;
    } rows[] = {{0, 500ms}, {1, 1s}, {2, 2s}, {5, 16s}, {6, 30s}, {7, 30s}, {40, 30s}, {4'000'000'000u, 30s}};
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT("tries " << row.tries) {
            fixed random;
            random.value = static_cast<std::uint64_t>(row.longest.count()) - 1;
            BOOST_TEST((b.wait(row.tries, random) == row.longest));
            random.value = static_cast<std::uint64_t>(row.longest.count());
            BOOST_TEST((b.wait(row.tries, random) == offboard::duration(1)));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_base_of_nothing_waits_for_nothing) {
    fixed random;
    BOOST_TEST((offboard::policy::backoff{0s, 30s}.wait(3, random) == 0s));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_backoff_test
