#include "offboard/policy/credential_hold.hpp"

#include <boost/test/unit_test.hpp>

namespace policy_credential_hold_test {

using namespace std::chrono_literals;
using offboard::steady_time;
using offboard::policy::credential_hold;

constexpr steady_time t0{1h};

BOOST_AUTO_TEST_SUITE(credential_hold_suite)

BOOST_AUTO_TEST_CASE(calls_go_until_the_vendor_refuses_the_credentials) {
    credential_hold h;
    BOOST_TEST(!h.held());
    BOOST_TEST((h.next_try(1, t0) == t0));
    h.refused(1, t0);
    BOOST_TEST(h.held());
    BOOST_TEST((h.next_try(1, t0) == t0 + 5min));
}

BOOST_AUTO_TEST_CASE(one_probe_goes_after_five_minutes_and_no_other_call_beside_it) {
    credential_hold h;
    h.refused(1, t0);
    BOOST_TEST((h.next_try(1, t0 + 5min) == t0 + 5min));
    h.probing();
    BOOST_TEST((h.next_try(1, t0 + 6min) == steady_time::max()));
    h.refused(1, t0 + 6min);
    BOOST_TEST((h.next_try(1, t0 + 6min) == t0 + 11min));
}

BOOST_AUTO_TEST_CASE(other_credentials_are_tried_at_once) {
    credential_hold h;
    h.refused(1, t0);
    BOOST_TEST((h.next_try(2, t0 + 1s) == t0 + 1s));
    h.refused(2, t0 + 1s);
    BOOST_TEST((h.next_try(2, t0 + 2s) == t0 + 1s + 5min));
}

BOOST_AUTO_TEST_CASE(what_the_vendor_accepts_ends_the_hold) {
    credential_hold h;
    h.refused(1, t0);
    h.probing();
    h.accepted();
    BOOST_TEST(!h.held());
    BOOST_TEST((h.next_try(1, t0 + 1s) == t0 + 1s));
}

BOOST_AUTO_TEST_CASE(a_probe_that_told_nothing_is_followed_by_another_one_later) {
    credential_hold h;
    h.refused(1, t0);
    h.probing();
    h.abandoned(t0 + 5min);
    BOOST_TEST((h.next_try(1, t0 + 6min) == t0 + 10min));
    h.abandoned(t0 + 7min); // no probe was out
    BOOST_TEST((h.next_try(1, t0 + 7min) == t0 + 10min));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_credential_hold_test
