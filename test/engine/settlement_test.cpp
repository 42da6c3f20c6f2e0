#include "offboard/engine/settlement.hpp"

#include "offboard/engine/outcomes.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace engine_settlement_test {

using namespace offboard;
using namespace offboard::engine;

namespace {

/// Two customers: lapse, earn, enrol, forget.
std::shared_ptr<operation> two() {
    auto op = std::make_shared<operation>();
    op->id = "01JD2M7Q0R8W2C5V9T3K6H4XNB";
    op->what.plan.set(action::lapse);
    op->what.plan.set(action::forget);
    op->what.plan.revoke.push_back({1, "2", "", promotion_kind::enrol_and_issue});
    for (const char* n : {"1", "2"}) {
        customer c;
        c.identifiers = {{identifier_kind::email, std::string("c") + n + "@example.com"},
                         {identifier_kind::capillary_id, n},
                         {identifier_kind::billing_customer_id, n}};
        op->what.customers.push_back(c);
    }
    op->steps = expand(op->what, op->first_step);
    return op;
}

settlement news(const std::shared_ptr<operation>& op, std::uint32_t step, step_status status) {
    settlement n;
    n.op = op;
    n.step = step;
    n.outcome.status = status;
    return n;
}

} // namespace

BOOST_AUTO_TEST_SUITE(engine_settlement)

BOOST_AUTO_TEST_CASE(news_of_a_step_stand_in_the_order_in_which_they_came) {
    const auto a = two();
    const auto b = two();
    settlements all = {news(a, 3, step_status::failed), news(b, 0, step_status::accepted),
                       news(a, 1, step_status::succeeded), news(a, 1, step_status::pending)};
    order(all);
    for (std::size_t i = 1; i < all.size(); ++i) {
        if (all[i - 1].op != all[i].op) continue;
        BOOST_TEST(all[i - 1].step <= all[i].step);
    }
    const auto place_of = [&](bool settles) {
        return std::ranges::find_if(
            all, [&](const settlement& n) { return n.op == a && n.step == 1 && n.settles() == settles; });
    };
    BOOST_TEST((place_of(false) < place_of(true)));
}

BOOST_AUTO_TEST_CASE(what_is_decided_counts_for_gates_and_is_shown_only_when_applied) {
    const auto op = two();
    settlements all = {news(op, 0, step_status::accepted), news(op, 1, step_status::pending)};
    decide(all);
    BOOST_TEST((op->steps[0].stage == stage::deciding));
    BOOST_TEST((op->steps[0].outcome.status == step_status::pending));
    BOOST_TEST(op->steps[0].decided.has_value());
    BOOST_TEST(!op->steps[1].decided.has_value()); // a try that left something is no decision
    for (settlement& n : all)
        apply(n);
    BOOST_TEST((op->steps[0].outcome.status == step_status::accepted));
    BOOST_TEST(!op->steps[0].decided.has_value());
    BOOST_TEST((op->steps[1].outcome.status == step_status::pending));
}

BOOST_AUTO_TEST_CASE(what_fails_shuts_the_gates_of_its_customer_and_of_no_other) {
    struct row {
        std::uint32_t failed;
        std::vector<std::size_t> shut;
    };
    const row table[] = {{0, {3}}, {1, {2, 3}}, {3, {}}, {4, {7}}, {5, {6, 7}}};
    for (const row& r : table) {
        BOOST_TEST_CONTEXT("step " << r.failed) {
            const auto op = two();
            const settlements all = {news(op, r.failed, step_status::failed)};
            decide(all);
            const settlements skipped = shut_gates(all);
            std::vector<std::size_t> steps;
            for (const settlement& s : skipped) {
                steps.push_back(s.step);
                BOOST_TEST((s.outcome.status == step_status::skipped));
                BOOST_TEST((s.outcome.code == outcome_code::gate_shut));
                BOOST_TEST(!s.blocked_by.empty());
            }
            BOOST_TEST(steps == r.shut, boost::test_tools::per_element());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_gate_that_takes_what_is_settled_is_not_shut_by_a_failure) {
    const auto op = two();
    op->what.gate = erase_gate::settled;
    const settlements all = {news(op, 0, step_status::failed)};
    decide(all);
    BOOST_TEST(shut_gates(all).empty());
}

BOOST_AUTO_TEST_CASE(several_news_of_one_customer_skip_each_step_once) {
    const auto op = two();
    settlements all = {news(op, 0, step_status::failed), news(op, 1, step_status::failed)};
    order(all);
    decide(all);
    BOOST_TEST(shut_gates(all).size() == 2u);
}

BOOST_AUTO_TEST_CASE(only_what_may_be_sent_again_once_is_used_up_by_two_lost_tries) {
    for (const action a : all_actions) {
        for (const std::uint32_t lost : {0u, 1u, 2u, 3u}) {
            step s;
            s.action = a;
            s.history.lost = lost;
            const bool used_up = (a == action::forget || a == action::purge) && lost >= 2;
            BOOST_TEST(is_used_up(s) == used_up, to_string(a) << " after " << lost);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace engine_settlement_test
