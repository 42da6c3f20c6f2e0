#include "offboard/domain/action_rules.hpp"

#include "offboard/domain/operation.hpp"
#include "offboard/domain/vendor_rules.hpp"
#include "offboard/vendors/codec.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

BOOST_TEST_DONT_PRINT_LOG_VALUE(offboard::wait)

/// Each action against each rule: what has to be true of a row whatever the vendor.
namespace domain_action_rules_test {

using namespace offboard;

namespace {

/// A plan with every step there is.
plan everything() {
    plan p;
    p.set(action::lapse);
    p.set(action::purge);
    p.set(action::forget);
    p.revoke.push_back({1, "2", "", promotion_kind::enrol_and_issue});
    p.partner_programs.push_back("partner");
    return p;
}

} // namespace

BOOST_AUTO_TEST_SUITE(domain_action_rules)

BOOST_AUTO_TEST_CASE(every_action_has_a_row_that_names_it) {
    std::set<std::string_view> names;
    for (const action a : all_actions) {
        const action_rule& r = rule_of(a);
        BOOST_TEST_CONTEXT(r.name) {
            BOOST_TEST((r.action == a));
            BOOST_TEST(names.insert(r.name).second);
            BOOST_TEST(r.name.starts_with(std::string(to_string(r.vendor)) + "."));
            BOOST_TEST(std::set(r.identifiers.begin(), r.identifiers.end()).size() == r.identifiers.size());
            BOOST_TEST(r.customers_per_call >= 1u);
            BOOST_TEST(r.customers_per_call <= 100u);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_erases_is_guarded_everywhere) {
    for (const action a : all_actions) {
        const action_rule& r = rule_of(a);
        const bool erases = r.effect == effect::erasing;
        BOOST_TEST_CONTEXT(r.name) {
            BOOST_TEST((r.permission == permission::erase) == erases);
            BOOST_TEST((r.phase == phase::erase) == erases);
            if (erases) BOOST_TEST((r.resend == resend::once));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_step_waits_for_the_phases_before_its_own_and_for_no_step_of_its_own) {
    for (const action a : all_actions) {
        for (const action b : all_actions) {
            const action_rule& waiting = rule_of(a);
            const action_rule& other = rule_of(b);
            BOOST_TEST_CONTEXT(waiting.name << " behind " << other.name) {
                const wait why = wait_for(waiting, other, true);
                if (waiting.after == b)
                    BOOST_TEST((why == wait::until_ok));
                else
                    BOOST_TEST((why == (other.phase < waiting.phase ? wait::by_gate : wait::no)));
                if (a == b) BOOST_TEST((why == wait::no));
                // Nothing waits in a circle.
                if (why != wait::no) BOOST_TEST((wait_for(other, waiting, true) == wait::no));
            }
        }
    }
    const action_rule& enrol = rule_of(action::revoke_enrol);
    BOOST_TEST((wait_for(enrol, rule_of(action::revoke_earn), false) == wait::no));
    // Two actions that erase do not wait for each other.
    const action_rule& purge = rule_of(action::purge);
    BOOST_TEST((wait_for(purge, rule_of(action::forget), true) == wait::no));
    BOOST_TEST((wait_for(rule_of(action::forget), purge, true) == wait::no));
}

BOOST_AUTO_TEST_CASE(a_plan_can_ask_for_every_action_and_every_one_can_be_sent) {
    const plan p = everything();
    BOOST_TEST(p.actions().all());
    BOOST_TEST(p.step_count() == p.steps().size());
    BOOST_TEST(plan().empty());
    for (const vendor v : all_vendors)
        BOOST_TEST(p.uses(v));
    BOOST_TEST(!plan().uses(vendor::billing));
    for (const plan_step& one : p.steps()) {
        const action_rule& r = rule_of(one.what);
        BOOST_TEST_CONTEXT(r.name) {
            BOOST_TEST(one.target < p.targets(r.target));
            vendors::batch b;
            b.what = one.what;
            b.promo = p.revoke.front();
            b.places.emplace_back().who = {r.identifiers.front(), "jo@example.com"};
            b.places.front().partner_program = "partner";
            const outgoing_request sent = vendors::encode(b, {});
            const bool json = sent.body.starts_with('{') || sent.body.starts_with('[');
            BOOST_TEST(json == (rule_of(r.vendor).body == body_format::json));
            // Whatever comes back there is a verdict on each place.
            BOOST_TEST(vendors::decode(b, {}, {}).size() == 1u);
        }
    }
}

BOOST_AUTO_TEST_CASE(every_code_has_a_word_of_its_own_and_is_explained) {
    std::set<std::string_view> words;
    for (std::size_t i = 0; i < outcome_code_count; ++i) {
        const auto code = static_cast<outcome_code>(i);
        BOOST_TEST(words.insert(to_string(code)).second, to_string(code));
        BOOST_TEST((outcome_code_from(to_string(code)) == std::optional(code)));
        BOOST_TEST(explanation_of(code).ends_with('.'), to_string(code));
    }
    BOOST_TEST(!outcome_code_from("").has_value());
    BOOST_TEST(!outcome_code_from("Waiting").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace domain_action_rules_test
