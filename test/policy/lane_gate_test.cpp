#include "offboard/policy/lane_gate.hpp"

#include <boost/test/unit_test.hpp>

namespace policy_lane_gate_test {

BOOST_AUTO_TEST_SUITE(lane_gate_suite)

BOOST_AUTO_TEST_CASE(an_idle_lane_sends_at_once_and_a_busy_one_when_a_call_is_full) {
    const struct {
        const char* what;
        offboard::policy::lane_view lane;
        bool sends;
    } rows[] = {
        {"nothing waits", {0, 100, 0, false}, false},
        {"one, idle", {1, 100, 0, false}, true},
        {"one, a call is in flight", {1, 100, 1, false}, false},
        {"one short of full", {99, 100, 1, false}, false},
        {"full", {100, 100, 1, false}, true},
        {"full, many in flight", {250, 100, 3, false}, true},
        {"one a call", {1, 1, 7, false}, true},
        {"an isolated group", {0, 100, 0, true}, true},
        {"an isolated group behind another call", {0, 100, 1, true}, false},
        {"an isolated group before a full call", {100, 100, 1, true}, false},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.what) BOOST_TEST(offboard::policy::may_send(row.lane) == row.sends);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_lane_gate_test
