#include "offboard/policy/failure_evidence.hpp"

#include <boost/test/unit_test.hpp>

namespace policy_failure_evidence_test {

using offboard::policy::failure_evidence;

BOOST_AUTO_TEST_SUITE(failure_evidence_suite)

BOOST_AUTO_TEST_CASE(failures_of_one_customer_say_little_about_the_vendor) {
    failure_evidence e;
    BOOST_TEST(!e.of_one());
    e.failed("p");
    e.failed("p");
    BOOST_TEST(e.of_one());
    BOOST_TEST(e.customer() == "p");
}

BOOST_AUTO_TEST_CASE(another_customer_or_a_call_for_several_is_evidence_against_the_vendor) {
    for (const char* other : {"q", ""}) {
        failure_evidence e;
        e.failed("p");
        e.failed(other);
        BOOST_TEST(!e.of_one());
        e.failed("p");
        BOOST_TEST(!e.of_one());
    }
}

BOOST_AUTO_TEST_CASE(a_success_starts_anew) {
    failure_evidence e;
    e.failed("");
    e.succeeded();
    BOOST_TEST(!e.of_one());
    e.failed("p");
    BOOST_TEST(e.of_one());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_failure_evidence_test
