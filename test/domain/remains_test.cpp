#include "offboard/domain/remains.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace domain_remains_test {

using namespace offboard;

namespace {

operation with(std::initializer_list<action> direct, bool capillary = false) {
    operation op;
    for (const action a : direct)
        op.what.plan.set(a);
    if (capillary) op.what.plan.revoke.push_back({1, "2", "", promotion_kind::direct_issue});
    for (int i = 0; i < 2; ++i) {
        customer c;
        c.identifiers = {{identifier_kind::email, "c" + std::to_string(i) + "@example.com"},
                         {identifier_kind::capillary_id, std::to_string(i + 1)},
                         {identifier_kind::billing_customer_id, std::to_string(i + 1)}};
        op.what.customers.push_back(c);
    }
    op.steps = expand(op.what, op.first_step);
    return op;
}

void end(operation& op, action a, step_status s) {
    for (step& one : op.steps)
        if (one.action == a) one.outcome.status = s;
}

std::string told(const operation& op, std::bitset<vendor_count> configured = 7) {
    std::string out;
    for (const offboard::remainder& r : what_remains(op, configured))
        out += std::string(to_string(r.vendor)) + " " + std::string(r.holds) + ": " + std::string(r.because) +
               "\n";
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(domain_remains)

BOOST_AUTO_TEST_CASE(what_was_never_asked_for_is_still_there) {
    operation op = with({action::lapse});
    end(op, action::lapse, step_status::accepted);
    BOOST_TEST(told(op) == "mention_me profile: lapsed, not purged\n"
                           "capillary profile: not in the plan\n"
                           "billing profile: not in the plan\n");
    BOOST_TEST(told(op, 1) == "mention_me profile: lapsed, not purged\n"); // the others are not configured
    end(op, action::lapse, step_status::failed);
    BOOST_TEST(told(op, 1) == "mention_me profile: not purged\n");
}

BOOST_AUTO_TEST_CASE(only_a_vendor_that_says_so_has_erased) {
    const struct {
        step_status status;
        bool gone;
    } rows[] = {{step_status::pending, false}, {step_status::accepted, false}, {step_status::succeeded, true},
                {step_status::absent, true},   {step_status::skipped, false},  {step_status::failed, false},
                {step_status::unknown, false}, {step_status::cancelled, false}};
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(to_string(row.status)) {
            operation op = with({action::purge, action::forget});
            end(op, action::purge, row.status);
            end(op, action::forget, row.status);
            BOOST_TEST(told(op, 5) == (row.gone ? ""
                                                : "mention_me profile: purge not confirmed\n"
                                                  "billing profile: forget not confirmed\n"));
        }
    }
}

BOOST_AUTO_TEST_CASE(one_customer_who_is_left_is_enough) {
    operation op = with({action::forget});
    end(op, action::forget, step_status::succeeded);
    op.steps.back().outcome.status = step_status::unknown;
    BOOST_TEST(told(op, 4) == "billing profile: forget not confirmed\n");
    op.steps.back().outcome.status = step_status::succeeded;
    op.what.plan.keep = {"country", "currency"};
    BOOST_TEST(told(op, 4) == "billing country: kept by the plan\nbilling currency: kept by the plan\n");
}

BOOST_AUTO_TEST_CASE(capillary_keeps_the_profile_whatever_is_revoked) {
    operation op = with({}, true);
    end(op, action::revoke_earn, step_status::succeeded);
    BOOST_TEST(told(op, 2) ==
               "capillary profile: promotions and programmes are revoked, the profile stays\n");
    op.steps.back().outcome.status = step_status::pending;
    BOOST_TEST(told(op, 2) ==
               "capillary profile: not all promotions and programmes are revoked, and the profile stays\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace domain_remains_test
