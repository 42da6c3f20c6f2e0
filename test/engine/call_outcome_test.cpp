// What verdicts make of the steps of a call, as a table.
#include "queue_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace engine_call_outcome_test {

using namespace engine_fixture;
using vendors::next;

namespace {

/// Where a step of a call of two has gone.
enum class gone { undecided, failed, throttled, refused, by_another, settled, nowhere };

struct looked {
    gone where = gone::nowhere;
    outcome said; ///< of the news that settles
    std::size_t notes = 0;
};

/// A call of two customers, both with this verdict; the first is looked at.
struct call_of_two {
    explicit call_of_two(action what, std::size_t customers = 2) : op(operation_of("a", what, customers)) {
        lane_queue::group group;
        for (std::uint32_t i = 0; i < customers; ++i) {
            place_keys keys = place_keys_of(*op, op->steps[i], "INSTORE");
            group.push_back({keys.dedup_key, keys.identity, {}});
            group.back().items.push_back(queued(op, i));
            op->steps[i].stage = stage::in_flight;
        }
        call = pack(lane_of(*op, op->steps[0]), std::move(group), "INSTORE");
    }
    looked sort(const vendors::verdict& v, unsigned status, outcome_rules rules, wall_time today = {}) {
        const std::vector verdicts(call.places.size(), v);
        const answer_summary all = summarise(verdicts, status);
        effects out;
        call_outcome sorted = sort_answer(call, verdicts, all, rules, today, out);
        return look(sorted, out);
    }
    looked look(const call_outcome& sorted, const effects& out) {
        looked seen;
        for (const settlement& n : out.news) {
            if (n.step != 0) continue;
            if (!n.settles()) ++seen.notes;
            if (n.settles()) seen.said = n.outcome;
            if (n.settles()) seen.where = gone::settled;
        }
        const auto holds = [](const lane_queue::group& g) {
            return std::ranges::any_of(g, [](const lane_queue::place& p) {
                return std::ranges::any_of(p.items, [](const queued_step& q) { return q.step == 0; });
            });
        };
        const auto take = [&](const lane_queue::group& g, gone where) {
            if (!holds(g)) return;
            BOOST_TEST((seen.where == gone::nowhere)); // a step is in exactly one place
            seen.where = where;
        };
        take(sorted.undecided, gone::undecided);
        take(sorted.failed, gone::failed);
        take(sorted.throttled, gone::throttled);
        take(sorted.refused, gone::refused);
        for (const call_outcome::regrouped& g : sorted.by_another)
            take(g.places, gone::by_another);
        return seen;
    }
    std::shared_ptr<operation> op;
    wire_call call;
};

vendors::verdict absent() {
    return verdict_of(next::settle, step_status::absent, outcome_code::not_found);
}
vendors::verdict later() {
    return verdict_of(next::later, step_status::failed, outcome_code::vendor_busy);
}

outcome_rules rules(bool believe = false) {
    outcome_rules r;
    r.give_up.after = 24h;
    r.source = "INSTORE";
    r.believe_refusal = believe;
    return r;
}

} // namespace

BOOST_AUTO_TEST_SUITE(call_outcome_suite)

BOOST_AUTO_TEST_CASE(each_verdict_sends_its_step_one_way) {
    const wall_time old = begin_of_time + std::chrono::hours(25);
    const struct {
        const char* name;
        action what;
        vendors::verdict verdict;
        unsigned status;
        wall_time today;
        gone where;
        std::uint32_t attempts;
    } rows[] = {
        {"done", action::lapse, done(), 200, {}, gone::settled, 1},
        {"fault", action::lapse, faulty(), 503, {}, gone::failed, 1},
        {"fault, given up", action::lapse, faulty(), 503, old, gone::settled, 1},
        {"busy in a 200", action::lapse, later(), 200, {}, gone::failed, 0},
        {"429", action::lapse, later(), 429, {}, gone::throttled, 0},
        {"429, given up", action::lapse, later(), 429, old, gone::settled, 1},
        {"undecided", action::revoke_enrol, undecided(), 400, {}, gone::undecided, 1},
        {"credentials", action::lapse, unauthorised(), 403, {}, gone::refused, 1},
        {"credentials, given up", action::lapse, unauthorised(), 403, old, gone::settled, 1},
        {"absent by the first of several identifiers",
         action::revoke_enrol,
         absent(),
         200,
         {},
         gone::by_another,
         1},
        {"absent where one identifier is enough", action::lapse, absent(), 200, {}, gone::settled, 1},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.name) {
            call_of_two c(row.what);
            const looked seen = c.sort(row.verdict, row.status, rules(), row.today);
            BOOST_TEST((seen.where == row.where));
            BOOST_TEST(c.op->steps[0].attempts == row.attempts);
        }
    }
}

BOOST_AUTO_TEST_CASE(every_step_goes_somewhere_whatever_the_verdicts_are) {
    const vendors::verdict all[] = {done(), faulty(), undecided(), unauthorised(), absent(), later()};
    for (const action a : {action::lapse, action::revoke_earn, action::revoke_enrol, action::forget})
        for (const vendors::verdict& v : all)
            for (const unsigned status : {200u, 400u, 403u, 429u, 500u})
                for (const bool stopped : {false, true}) {
                    call_of_two c(a, rule_of(a).customers_per_call == 1 ? 1 : 2);
                    c.op->stopped = stopped;
                    BOOST_TEST((c.sort(v, status, rules()).where != gone::nowhere));
                }
}

BOOST_AUTO_TEST_CASE(absence_is_settled_once_every_identifier_was_asked_about) {
    call_of_two c(action::revoke_enrol, 1);
    std::vector<identifier_kind> asked;
    for (;;) {
        asked.push_back(c.op->steps[0].who->kind);
        const looked seen = c.sort(absent(), 200, rules());
        if (seen.where == gone::settled) {
            BOOST_TEST((seen.said.status == step_status::absent));
            BOOST_TEST((seen.said.vendor.absent_by == asked));
            break;
        }
        BOOST_REQUIRE((seen.where == gone::by_another));
        BOOST_TEST(seen.notes == 1u); // a restart goes on with the next identifier
        call_of_two fresh(action::revoke_enrol, 1);
        fresh.op->steps[0].who = c.op->steps[0].who;
        fresh.op->steps[0].outcome = c.op->steps[0].outcome;
        c = std::move(fresh);
    }
    BOOST_TEST(asked.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_refusal_after_a_lost_answer_is_unknown) {
    call_of_two c(action::lapse);
    c.op->steps[0].history.in_doubt = true;
    const looked seen =
        c.sort(verdict_of(next::settle, step_status::failed, outcome_code::refused), 200, rules());
    BOOST_TEST((seen.said.status == step_status::unknown));
    call_of_two sure(action::lapse);
    sure.op->steps[0].history.in_doubt = true;
    BOOST_TEST((sure.sort(done(), 200, rules()).said.status == step_status::succeeded));
}

BOOST_AUTO_TEST_CASE(a_believed_refusal_may_be_retried_by_an_operator) {
    call_of_two c(action::revoke_enrol);
    const looked seen = c.sort(undecided(), 400, rules(true));
    BOOST_TEST((seen.where == gone::settled));
    BOOST_TEST(seen.said.retryable);
}

BOOST_AUTO_TEST_CASE(a_cancelled_step_that_may_have_been_done_has_one_more_try) {
    call_of_two c(action::lapse);
    c.op->stopped = true;
    c.op->steps[0].history.acted_before = true;
    lane_queue::group group = all_steps(c.call);
    effects out;
    withdraw_cancelled(group, withdrawal::before_call, out);
    BOOST_TEST(group.size() == 1u); // the other was never sent, and is cancelled
    withdraw_cancelled(group, withdrawal::after_call, out);
    BOOST_TEST(group.size() == 1u);
    withdraw_cancelled(group, withdrawal::after_call, out);
    BOOST_TEST(group.empty());
    BOOST_REQUIRE_EQUAL(out.news.size(), 2u);
    BOOST_TEST((out.news[0].outcome.status == step_status::cancelled));
    BOOST_TEST((out.news[1].outcome.status == step_status::unknown));
}

BOOST_AUTO_TEST_CASE(no_answer_counts_a_try_only_where_the_vendor_may_have_had_the_call) {
    for (const bool lost : {false, true}) {
        call_of_two c(action::forget, 1);
        effects out;
        call_outcome sorted = sort_no_answer(c.call, lost, rules(), {}, out);
        const step& s = c.op->steps[0];
        BOOST_TEST((c.look(sorted, out).where == gone::failed));
        BOOST_TEST(s.attempts == (lost ? 1u : 0u));
        BOOST_TEST(s.history.lost == (lost ? 1u : 0u));
        BOOST_TEST(s.history.in_doubt == lost);
        BOOST_TEST(
            (s.outcome.code == (lost ? outcome_code::outcome_unknown : outcome_code::vendor_unreachable)));
    }
}

BOOST_AUTO_TEST_CASE(named_earns_are_never_resent_blindly) {
    call_of_two plain(action::revoke_earn, 1);
    BOOST_TEST(may_resend(plain.call));
    call_of_two named(action::revoke_earn, 1);
    named.call.batch.places[0].earn_ids = {7};
    BOOST_TEST(!may_resend(named.call));
    call_of_two erasing(action::forget, 1);
    BOOST_TEST(!may_resend(erasing.call));
    effects out;
    lane_queue::group again = sort_resend(plain.call, out);
    BOOST_REQUIRE_EQUAL(again.size(), 1u);
    plain.call.places = std::move(again);
    BOOST_TEST(!may_resend(plain.call));
}

BOOST_AUTO_TEST_CASE(the_summary_tells_trouble_from_customers) {
    const struct {
        const char* name;
        std::vector<vendors::verdict> verdicts;
        unsigned status;
        bool failed_whole;
        bool undecided_whole;
        bool succeeded;
        bool trouble;
    } rows[] = {
        {"done", {done(), done()}, 200, false, false, true, false},
        {"one fault", {done(), faulty()}, 200, false, false, false, true},
        {"all faults", {faulty(), faulty()}, 503, true, false, false, true},
        {"limited", {later(), later()}, 429, false, false, false, false},
        {"undecided", {undecided(), undecided()}, 400, false, true, false, false},
        {"credentials", {unauthorised(), unauthorised()}, 403, false, false, false, false},
        {"absent", {absent()}, 200, false, false, true, false},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.name) {
            const answer_summary all = summarise(row.verdicts, row.status);
            BOOST_TEST(all.failed_whole == row.failed_whole);
            BOOST_TEST(all.undecided_whole == row.undecided_whole);
            BOOST_TEST(all.succeeded == row.succeeded);
            BOOST_TEST(all.trouble.has_value() == row.trouble);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace engine_call_outcome_test
