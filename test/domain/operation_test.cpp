#include "offboard/domain/operation.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace domain_operation_test {

using namespace offboard;

namespace {

promotion promo(const std::string& id, promotion_kind kind = promotion_kind::enrol_and_issue) {
    promotion p;
    p.program_id = 2714;
    p.promotion_id = id;
    p.kind = kind;
    return p;
}

customer everyone() {
    customer c;
    c.identifiers = {{identifier_kind::email, "jo@example.com"},
                     {identifier_kind::mobile, "919800000000"},
                     {identifier_kind::capillary_id, "423927867"},
                     {identifier_kind::billing_customer_id, "191"}};
    return c;
}

/// lapse, revoke_earn, revoke_enrol, delink, forget of one customer.
operation whole(erase_gate gate = erase_gate::all_ok) {
    operation op;
    op.what.plan.set(action::lapse);
    op.what.plan.revoke = {promo("202779")};
    op.what.plan.partner_programs = {"1stProgram"};
    op.what.plan.set(action::forget);
    op.what.gate = gate;
    op.what.customers = {everyone()};
    op.steps = expand(op.what, op.first_step);
    return op;
}

void settle(operation& op, std::size_t i, step_status s) {
    op.steps[i].outcome.status = s;
}

std::vector<action> actions(const operation& op, const std::vector<std::size_t>& indices) {
    std::vector<action> out;
    for (const auto i : indices)
        out.push_back(op.steps[i].action);
    return out;
}

} // namespace

/// What may go now; what can never go is skipped, as whoever drives the operation does it.
std::vector<std::size_t> open_gates(operation& op, std::size_t customer) {
    gate_news news = look_at_gates(op, customer);
    for (gate_news::shut_step& shut : news.shut) {
        op.steps[shut.step].outcome.status = step_status::skipped;
        op.steps[shut.step].outcome.code = outcome_code::gate_shut;
        op.steps[shut.step].blocked_by = std::move(shut.blocked_by);
    }
    return news.open;
}

BOOST_AUTO_TEST_SUITE(operation_suite)

BOOST_AUTO_TEST_CASE(every_planned_step_stands_exactly_once_in_order) {
    operation op = whole();
    op.what.plan.revoke = {promo("1"), promo("2", promotion_kind::direct_issue), promo("3")};
    op.what.plan.partner_programs = {"a", "b"};
    op.what.customers = {everyone(), everyone()};
    op.steps = expand(op.what, op.first_step);
    const std::vector<action> one = {action::lapse,       action::revoke_earn, action::revoke_enrol,
                                     action::revoke_earn, action::revoke_earn, action::revoke_enrol,
                                     action::delink,      action::delink,      action::forget};
    BOOST_REQUIRE_EQUAL(op.steps.size(), 2 * one.size());
    for (std::size_t i = 0; i < op.steps.size(); ++i) {
        BOOST_TEST((op.steps[i].action == one[i % one.size()]));
        BOOST_TEST(op.steps[i].customer == i / one.size());
    }
    BOOST_TEST(op.steps[4].target == 2u);
}

BOOST_AUTO_TEST_CASE(each_action_uses_the_first_identifier_that_fits) {
    const struct {
        action what;
        std::vector<identifier_kind> order;
    } rows[] = {
        {action::lapse, {identifier_kind::email, identifier_kind::mention_me_customer_id}},
        {action::revoke_earn,
         {identifier_kind::capillary_id, identifier_kind::mobile, identifier_kind::email}},
        {action::revoke_enrol,
         {identifier_kind::capillary_id, identifier_kind::mobile, identifier_kind::email}},
        {action::delink, {identifier_kind::mobile, identifier_kind::email, identifier_kind::external_id}},
        {action::forget,
         {identifier_kind::billing_customer_id, identifier_kind::billing_subscription_id,
          identifier_kind::billing_order_id}},
    };
    for (const auto& row : rows) {
        customer c;
        for (const auto kind : all_identifier_kinds)
            c.identifiers.push_back({kind, "7"});
        for (const auto expected : row.order) {
            const identifier* used = identifier_for(c, row.what);
            BOOST_REQUIRE(used);
            BOOST_TEST(to_string(used->kind) == to_string(expected));
            std::erase_if(c.identifiers, [&](const identifier& i) { return i.kind == expected; });
        }
        BOOST_TEST(!identifier_for(c, row.what));
    }
}

BOOST_AUTO_TEST_CASE(a_step_without_identifier_is_skipped_and_that_is_ok) {
    operation op = whole();
    op.what.customers[0].identifiers = {{identifier_kind::email, "jo@example.com"}};
    op.what.plan.revoke.clear();
    op.what.plan.partner_programs.clear();
    op.steps = expand(op.what, op.first_step);
    BOOST_TEST((op.steps[1].outcome.status == step_status::skipped));
    BOOST_TEST(to_string(op.steps[1].outcome.code) == "no_identifier");
    BOOST_TEST(is_ok(op.steps[1], op.what.absent));
}

BOOST_AUTO_TEST_CASE(nobody_is_erased_before_every_other_step_is_ok) {
    operation op = whole();
    BOOST_TEST((actions(op, open_gates(op, 0)) ==
                std::vector<action>{action::lapse, action::revoke_earn, action::delink}));
    settle(op, 0, step_status::accepted);
    settle(op, 1, step_status::succeeded);
    settle(op, 3, step_status::absent);
    BOOST_TEST((actions(op, open_gates(op, 0)) == std::vector<action>{action::revoke_enrol}));
    settle(op, 2, step_status::succeeded);
    BOOST_TEST((actions(op, open_gates(op, 0)) == std::vector<action>{action::forget}));
}

BOOST_AUTO_TEST_CASE(the_erase_gate_stays_shut_as_it_was_told) {
    const struct {
        erase_gate gate;
        step_status lapse;
        bool goes;
    } rows[] = {
        {erase_gate::all_ok, step_status::accepted, true},
        {erase_gate::all_ok, step_status::absent, true},
        {erase_gate::all_ok, step_status::failed, false},
        {erase_gate::all_ok, step_status::unknown, false},
        {erase_gate::all_ok, step_status::cancelled, false},
        {erase_gate::settled, step_status::failed, true},
        {erase_gate::settled, step_status::unknown, true},
        {erase_gate::settled, step_status::pending, false},
        {erase_gate::none, step_status::pending, true},
        {erase_gate::none, step_status::failed, true},
    };
    for (const auto& row : rows) {
        operation op = whole(row.gate);
        settle(op, 0, row.lapse);
        for (const std::size_t i : {1u, 2u, 3u})
            settle(op, i, step_status::succeeded);
        const auto ready = open_gates(op, 0);
        const bool goes = std::ranges::find(ready, std::size_t{4}) != ready.end();
        BOOST_TEST_CONTEXT(to_string(row.gate) << " with lapse " << to_string(row.lapse)) {
            BOOST_TEST(goes == row.goes);
            const bool shut = op.steps[4].outcome.status == step_status::skipped;
            BOOST_TEST(shut == (!row.goes && row.lapse != step_status::pending));
            if (shut) {
                BOOST_TEST(to_string(op.steps[4].outcome.code) == "gate_shut");
                BOOST_TEST((op.steps[4].blocked_by == std::vector<action>{action::lapse}));
                BOOST_TEST(!is_ok(op.steps[4], op.what.absent));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_failed_revoke_of_earns_shuts_its_own_enrolment_and_the_erasure_behind_it) {
    operation op = whole();
    op.what.plan.revoke = {promo("1"), promo("2")};
    op.steps = expand(op.what, op.first_step); // lapse, earn 1, enrol 1, earn 2, enrol 2, delink, forget
    settle(op, 0, step_status::accepted);
    settle(op, 1, step_status::failed);
    settle(op, 3, step_status::succeeded);
    settle(op, 5, step_status::succeeded);
    BOOST_TEST((open_gates(op, 0) == std::vector<std::size_t>{4}));
    BOOST_TEST(to_string(op.steps[2].outcome.code) == "gate_shut");
    BOOST_TEST((op.steps[2].blocked_by == std::vector<action>{action::revoke_earn}));
    BOOST_TEST((op.steps[6].outcome.status == step_status::skipped));
    BOOST_TEST((op.steps[6].blocked_by == std::vector<action>{action::revoke_earn, action::revoke_enrol}));
}

BOOST_AUTO_TEST_CASE(a_step_once_dispatched_is_not_handed_out_again) {
    operation op = whole();
    for (const auto i : open_gates(op, 0))
        op.steps[i].stage = stage::queued;
    BOOST_TEST(open_gates(op, 0).empty());
}

BOOST_AUTO_TEST_CASE(a_gate_goes_by_what_is_decided_although_it_is_not_shown_yet) {
    operation op = whole();
    settle(op, 1, step_status::succeeded);
    settle(op, 2, step_status::succeeded);
    settle(op, 3, step_status::succeeded);
    op.steps[0].decided = decision{step_status::failed, false};
    const gate_news news = look_at_gates(op, 0);
    BOOST_TEST(news.open.empty());
    BOOST_REQUIRE_EQUAL(news.shut.size(), 1u);
    BOOST_TEST(news.shut[0].step == 4u);
    BOOST_TEST((op.steps[4].outcome.status == step_status::pending)); // looking changes nothing
    op.steps[0].decided = decision{step_status::accepted, true};
    BOOST_TEST((look_at_gates(op, 0).open == std::vector<std::size_t>{4}));
}

BOOST_AUTO_TEST_CASE(a_retry_opens_what_may_help_and_what_waited_behind_it) {
    const struct {
        const char* what;
        step_status lapse;
        bool lapse_retryable;
        step_status earn;
        bool earn_retryable;
        std::vector<std::size_t> opened; ///< of lapse 0, earn 1, enrol 2, delink 3, forget 4
    } rows[] = {
        {"nothing failed", step_status::accepted, false, step_status::succeeded, false, {}},
        {"a final failure", step_status::accepted, false, step_status::failed, false, {}},
        {"a failure, and the gates behind it",
         step_status::accepted,
         false,
         step_status::failed,
         true,
         {1, 2, 4}},
        {"an unknown", step_status::accepted, false, step_status::unknown, true, {1, 2, 4}},
        {"one of two: the other keeps the erasure shut",
         step_status::failed,
         false,
         step_status::failed,
         true,
         {1, 2}},
        {"both", step_status::failed, true, step_status::failed, true, {0, 1, 2, 4}},
        {"cancelled stays so", step_status::cancelled, false, step_status::succeeded, false, {}},
    };
    for (const auto& row : rows) {
        operation op = whole();
        settle(op, 0, row.lapse);
        op.steps[0].outcome.retryable = row.lapse_retryable;
        settle(op, 1, row.earn);
        op.steps[1].outcome.retryable = row.earn_retryable;
        settle(op, 3, step_status::succeeded);
        open_gates(op, 0);
        if (op.steps[2].outcome.status == step_status::pending) settle(op, 2, step_status::succeeded);
        open_gates(op, 0);
        for (step& s : op.steps)
            s.history.lost = 2;
        BOOST_TEST_CONTEXT(row.what) {
            BOOST_TEST((reopen(op) == row.opened));
            for (const std::size_t i : row.opened) {
                BOOST_TEST((op.steps[i].outcome.status == step_status::pending));
                BOOST_TEST(op.steps[i].blocked_by.empty());
                BOOST_TEST(op.steps[i].history.lost == 1u); // one more answer may be lost
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(nobody_is_tried_again_whom_the_journal_has_forgotten) {
    operation op = whole();
    settle(op, 0, step_status::unknown);
    op.steps[0].who->value.clear();
    BOOST_TEST(reopen(op).empty());
}

BOOST_AUTO_TEST_CASE(many_earn_ids_weigh_as_more_steps) {
    operation op = whole();
    BOOST_TEST(weight_of(op) == 5u);
    op.what.customers.front().earn_ids.assign(24, 1);
    BOOST_TEST(weight_of(op) == 5u);
    op.what.customers.front().earn_ids.assign(1000, 1);
    BOOST_TEST(weight_of(op) == 45u);
    // Each promotion's step carries all of them.
    op.what.plan.revoke = {promo("1"), promo("2", promotion_kind::direct_issue), promo("3")};
    op.steps = expand(op.what, op.first_step);
    BOOST_TEST(op.steps.size() == 8u);
    BOOST_TEST(weight_of(op) == 8u + 120u);
    BOOST_TEST(weight_of(op.what) == weight_of(op));
    BOOST_TEST(steps_of(op.what) == op.steps.size());
}

BOOST_AUTO_TEST_CASE(an_absent_step_is_ok_or_not_as_the_rule_says) {
    for (const absent_rule rule : {absent_rule::ok, absent_rule::not_ok}) {
        operation op = whole();
        op.what.absent = rule;
        for (const std::size_t i : {0u, 1u, 2u, 3u})
            settle(op, i, i == 0 ? step_status::absent : step_status::succeeded);
        const gate_news news = look_at_gates(op, 0);
        const bool open = rule == absent_rule::ok;
        BOOST_TEST(news.open.size() == (open ? 1u : 0u));
        BOOST_TEST(news.shut.size() == (open ? 0u : 1u));
        settle(op, 4, open ? step_status::succeeded : step_status::skipped);
        if (!open) op.steps[4].blocked_by = {action::lapse};
        BOOST_TEST(to_string(progress_of(op, 0)) == (open ? "ok" : "partial"));
        BOOST_TEST(reopen(op).empty()); // the vendor has spoken
    }
}

BOOST_AUTO_TEST_CASE(what_a_gate_kept_back_behind_the_unknown_is_unknown_too) {
    operation op = whole();
    settle(op, 0, step_status::unknown);
    for (const std::size_t i : {1u, 2u, 3u})
        settle(op, i, step_status::succeeded);
    settle(op, 4, step_status::skipped);
    op.steps[4].blocked_by = {action::lapse};
    BOOST_TEST(to_string(progress_of(op, 0)) == "unknown");
    settle(op, 3, step_status::cancelled); // not OK for another reason
    BOOST_TEST(to_string(progress_of(op, 0)) == "partial");
}

BOOST_AUTO_TEST_CASE(statuses_follow_from_the_steps) {
    using s = step_status;
    const struct {
        std::vector<s> steps; // of one customer; the last is the erasure
        progress expected;
    } rows[] = {
        {{s::accepted, s::succeeded, s::absent, s::skipped, s::succeeded}, progress::ok},
        {{s::accepted, s::succeeded, s::absent, s::pending, s::succeeded}, progress::pending},
        {{s::accepted, s::failed, s::absent, s::succeeded, s::succeeded}, progress::partial},
        {{s::failed, s::failed, s::unknown, s::skipped, s::cancelled}, progress::failed},
        {{s::failed, s::failed, s::absent, s::skipped, s::cancelled}, progress::partial},
        {{s::skipped, s::skipped, s::skipped, s::skipped, s::skipped}, progress::ok},
        {{s::unknown, s::skipped, s::skipped, s::skipped, s::skipped}, progress::unknown},
        {{s::unknown, s::unknown, s::unknown, s::unknown, s::unknown}, progress::unknown},
        {{s::unknown, s::succeeded, s::accepted, s::absent, s::skipped}, progress::unknown},
        {{s::unknown, s::failed, s::skipped, s::skipped, s::skipped}, progress::failed},
        {{s::unknown, s::cancelled, s::skipped, s::skipped, s::skipped}, progress::failed},
        {{s::unknown, s::failed, s::succeeded, s::skipped, s::skipped}, progress::partial},
        {{s::unknown, s::pending, s::skipped, s::skipped, s::skipped}, progress::pending},
    };
    for (const auto& row : rows) {
        operation op = whole();
        for (std::size_t i = 0; i < row.steps.size(); ++i)
            settle(op, i, row.steps[i]);
        BOOST_TEST(to_string(progress_of(op, 0)) == to_string(row.expected));
        BOOST_TEST(to_string(progress_of(recount(op))) == to_string(row.expected));
    }
}

BOOST_AUTO_TEST_CASE(an_operation_is_the_sum_of_its_customers) {
    const struct {
        std::vector<step_status> lapses;
        progress expected;
    } rows[] = {
        {{step_status::accepted, step_status::absent}, progress::ok},
        {{step_status::accepted, step_status::failed}, progress::partial},
        {{step_status::unknown, step_status::failed}, progress::partial},
        {{step_status::unknown, step_status::unknown}, progress::unknown},
        {{step_status::unknown, step_status::accepted}, progress::unknown},
        {{step_status::unknown, step_status::pending}, progress::pending},
        {{step_status::pending, step_status::failed}, progress::pending},
    };
    for (const auto& row : rows) {
        operation op;
        op.what.plan.set(action::lapse);
        op.what.customers.assign(row.lapses.size(), everyone());
        op.steps = expand(op.what, op.first_step);
        for (std::size_t i = 0; i < row.lapses.size(); ++i)
            settle(op, i, row.lapses[i]);
        const summary counted = recount(op);
        BOOST_TEST(to_string(progress_of(counted)) == to_string(row.expected));
        std::size_t steps = 0;
        for (const auto n : counted.steps)
            steps += n;
        BOOST_TEST(steps == op.steps.size());
    }
}

BOOST_AUTO_TEST_CASE(a_gate_that_an_unknown_outcome_shut_says_nothing_worse) {
    for (const auto& [lapse, expected] : {std::pair(step_status::unknown, progress::unknown),
                                          std::pair(step_status::failed, progress::partial)}) {
        operation op = whole();
        for (std::size_t i = 0; i < 4; ++i)
            settle(op, i, step_status::succeeded);
        settle(op, 0, lapse);
        settle(op, 4, step_status::skipped);
        op.steps[4].blocked_by = {action::lapse};
        BOOST_TEST(to_string(progress_of(op, 0)) == to_string(expected));
    }
}

BOOST_AUTO_TEST_CASE(absent_is_ok_or_not_as_the_request_says) {
    for (const absent_rule rule : {absent_rule::ok, absent_rule::not_ok}) {
        operation op = whole();
        op.what.absent = rule;
        for (std::size_t i = 0; i < 4; ++i)
            settle(op, i, i == 0 ? step_status::absent : step_status::succeeded);
        const gate_news news = look_at_gates(op, 0);
        const bool ok = rule == absent_rule::ok;
        BOOST_TEST(news.open.size() == (ok ? 1u : 0u));
        BOOST_TEST(news.shut.size() == (ok ? 0u : 1u));
        settle(op, 4, ok ? step_status::succeeded : step_status::skipped);
        if (!ok) op.steps[4].blocked_by = {action::lapse};
        BOOST_TEST(to_string(progress_of(op, 0)) == to_string(ok ? progress::ok : progress::partial));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace domain_operation_test
