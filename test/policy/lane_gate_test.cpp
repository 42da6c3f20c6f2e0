#include "offboard/policy/lane_gate.hpp"

#include <boost/test/unit_test.hpp>

namespace policy_lane_gate_test {

BOOST_AUTO_TEST_SUITE(lane_gate_suite)

BOOST_AUTO_TEST_CASE(an_idle_lane_sends_at_once_and_a_busy_one_when_a_call_is_full) {
    const struct {
        const char* what;
        offboard::policy::lane_view lane;
        bool sends;
        bool sends_isolated = false;
    } rows[] = {
        {"nothing waits", {0, 100, 0, false}, false},
        {"one, idle", {1, 100, 0, false}, true},
        {"one, a call is in flight", {1, 100, 1, false}, false},
        {"one short of full", {99, 100, 1, false}, false},
        {"full", {100, 100, 1, false}, true},
        {"full, many in flight", {250, 100, 3, false}, true},
        {"one a call", {1, 1, 7, false}, true},
        {"an isolated group", {0, 100, 0, true}, false, true},
        {"an isolated group does not wait for another call", {1, 100, 1, true}, false, true},
        {"another call does not wait for an isolated group", {1, 100, 0, true, 1}, true, false},
        {"isolated groups go one after the other", {0, 100, 0, true, 1}, false, false},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.what) {
            BOOST_TEST(offboard::policy::may_send(row.lane) == row.sends);
            BOOST_TEST(offboard::policy::may_send_isolated(row.lane) == row.sends_isolated);
        }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_lane_gate_test
