#include "offboard/policy/eta.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace policy_eta_test {

using namespace std::chrono_literals;
using offboard::duration;
using offboard::steady_time;

namespace policy = offboard::policy;

namespace {
constexpr steady_time now{1h};
}

BOOST_AUTO_TEST_SUITE(eta_suite)

BOOST_AUTO_TEST_CASE(places_are_counted_as_they_are_dealt) {
    const struct {
        std::size_t queued, own, turns, places;
    } rows[] = {
        {1, 1, 1, 1},
        {1001, 1, 2, 2},
        {1001, 1000, 2, 1001},
        {20'000, 100, 5, 500},
        {0, 0, 0, 0},
        {5, 5, 0, 5},
        {3, 5, 2, 5},
        {std::numeric_limits<std::size_t>::max(), 1u << 31, 1ull << 40,
         std::numeric_limits<std::size_t>::max()},
    };
    for (const auto& row : rows)
        BOOST_TEST(policy::places_until(row.queued, row.own, row.turns) == row.places);
}

BOOST_AUTO_TEST_CASE(calls_are_rounded_up) {
    BOOST_TEST(policy::calls_for(0, 100) == 1u);
    BOOST_TEST(policy::calls_for(1, 100) == 1u);
    BOOST_TEST(policy::calls_for(100, 100) == 1u);
    BOOST_TEST(policy::calls_for(101, 100) == 2u);
    BOOST_TEST(policy::calls_for(7, 0) == 7u);
    BOOST_TEST(policy::calls_for(std::numeric_limits<std::size_t>::max(), 1) ==
               std::numeric_limits<std::size_t>::max());
}

BOOST_AUTO_TEST_CASE(the_slower_of_pace_and_places_in_flight_decides) {
    const struct {
        const char* what;
        policy::standing s;
        std::chrono::seconds eta;
    } rows[] = {
        {"idle", {1, now, 0, 4, 200ms}, 1s},
        {"the pacer holds it back", {200, now + 190s, 4, 4, 200ms}, 191s},
        {"the vendor is slow", {100, now, 0, 4, 2s}, 50s},
        {"behind what is in flight", {1, now, 8, 4, 3s}, 9s},
        {"a start in the past", {1, now - 1h, 0, 4, 10ms}, 1s},
        {"no further than an hour", {1'000'000, now + 48h, 4, 4, 200ms}, 3600s},
        {"never is an hour too", {1, steady_time::max(), 4, 4, 200ms}, 3600s},
        {"nothing in flight allowed", {2, now, 0, 0, 1s}, 2s},
        {"exactly whole", {1, now + 4s, 0, 1, 1s}, 5s},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.what) BOOST_TEST(policy::eta(row.s, now).count() == row.eta.count());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_eta_test
