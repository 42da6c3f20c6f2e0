#include "offboard/engine/call_outcome.hpp"

#include "offboard/domain/action_rules.hpp"
#include "offboard/engine/outcomes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace offboard::engine {

namespace {

using vendors::next;
using vendors::verdict;

/// A customer was refused in company and never asked about alone: an operator may well try again.
outcome as_refused(outcome o) {
    o.retryable = true;
    return o;
}

/// An answer that tells of the vendor's state, or of our settings, rather than of a customer. Statuses 401,
/// 403 and 429 have events of their own.
bool is_trouble(const verdict& v, unsigned status) {
    if (v.credentials_refused || vendors::is_rate_limit(status)) return false;
    if (v.what == next::retry || v.what == next::later) return true;
    if (v.what == next::settle && v.result.status == step_status::unknown) return true;
    return v.result.code == outcome_code::redirected || v.result.code == outcome_code::ambiguous_404;
}

void note(const queued_step& q, effects& out) {
    settlement progress;
    progress.op = q.op;
    progress.step = q.step;
    progress.outcome = q.what().outcome;
    out.news.push_back(std::move(progress));
}

void settle(queued_step q, outcome o, effects& out) {
    // A refusal now says nothing of the attempt whose answer was lost: that attempt may have done the step.
    if (o.status == step_status::failed && q.what().history.in_doubt) {
        vendor_detail said = std::move(o.vendor);
        o = vendors::lost_outcome();
        o.vendor = std::move(said);
    }
    out.news.push_back({std::move(q.op), q.step, std::move(o), {}});
}

/// True when the step is to be tried again; what the try has left behind is among the news then. False when
/// the step is settled as `if_given_up`.
bool try_again(queued_step& q, const outcome& if_given_up, bool lost, const outcome_rules& rules,
               wall_time today, effects& out) {
    ++q.faults;
    step& s = q.what();
    if (lost) {
        ++s.history.lost;
        s.history.acted_before = true;
        s.history.in_doubt = s.history.in_doubt || if_given_up.status == step_status::unknown;
    }
    if (is_used_up(s) || rules.give_up.is_over(*q.op, today)) {
        settle(std::move(q), if_given_up, out);
        return false;
    }
    s.outcome.code = if_given_up.code;
    out.events.emplace_back(step_retried{s.action, if_given_up.code});
    note(q, out);
    return true;
}

/// Adds the place to the first group of its lane that may take it: all of a group are asked about in one
/// call.
void join(std::vector<call_outcome::regrouped>& groups, const lane_key& lane, lane_queue::place place) {
    for (call_outcome::regrouped& g : groups) {
        if (g.lane != lane.text || lane.one_customer) continue;
        const auto same = std::ranges::find(g.places, place.dedup_key, &lane_queue::place::dedup_key);
        if (same != g.places.end()) {
            std::ranges::move(place.items, std::back_inserter(same->items));
            return;
        }
        if (std::ranges::find(g.places, place.identity, &lane_queue::place::identity) != g.places.end())
            continue;
        g.places.push_back(std::move(place));
        return;
    }
    groups.push_back({lane.text, {}});
    groups.back().places.push_back(std::move(place));
}

/// True when the step is asked about by another identifier of its customer.
bool ask_by_another(queued_step& q, const verdict& v, const outcome_rules& rules, call_outcome& sorted,
                    effects& out) {
    step& s = q.what();
    if (v.result.status != step_status::absent || rule_of(s.action).absence == absence::by_one_identifier)
        return false;
    std::vector<identifier_kind>& asked = s.outcome.vendor.absent_by;
    asked.push_back(s.who->kind);
    const identifier* const other = identifier_for(q.op->what.customers[s.customer], s.action, asked);
    if (!other) return false;
    s.who = *other;
    s.outcome.code = outcome_code::not_found;
    q.faults = q.failures = 0;
    note(q, out);
    lane_queue::group one;
    place_keys keys = place_keys_of(*q.op, s, rules.source);
    one.push_back({std::move(keys.dedup_key), std::move(keys.identity), {}});
    const lane_key lane = lane_of(*q.op, s);
    one.back().items.push_back(std::move(q));
    withdraw_cancelled(one, withdrawal::after_call, out);
    if (!one.empty()) join(sorted.by_another, lane, std::move(one.front()));
    return true;
}

/// One step by the verdict on its place.
void sort_step(queued_step& q, const lane_queue::place& from, const verdict& v, const answer_summary& all,
               bool isolate, const outcome_rules& rules, wall_time today, call_outcome& sorted,
               effects& out) {
    step& s = q.what();
    s.history.acted_before = s.history.acted_before || v.may_have_acted;
    q.failures = all.failed_whole ? q.failures + 1 : 0;
    if (v.credentials_refused) {
        ++s.attempts;
        add(sorted.refused, from, std::move(q));
        return;
    }
    q.reauthorised = false;
    if (v.what == next::later && !rules.give_up.is_over(*q.op, today)) {
        // The vendor did nothing: no attempt. A step that waits for itself waits longer each time.
        ++q.faults;
        s.outcome.code = v.result.code;
        out.events.emplace_back(step_retried{s.action, v.result.code});
        add(all.failed_whole ? sorted.failed : sorted.throttled, from, std::move(q));
        return;
    }
    ++s.attempts;
    const bool repeats = v.may_have_acted && rule_of(s.action).resend == resend::once;
    if (isolate && repeats) {
        // The next call is the only repeat that the action has.
        if (try_again(q, v.result, true, rules, today, out)) add(sorted.undecided, from, std::move(q));
    } else if (isolate) {
        note(q, out);
        add(sorted.undecided, from, std::move(q));
    } else if (v.what == next::retry) {
        if (try_again(q, v.result, v.may_have_acted, rules, today, out))
            add(sorted.failed, from, std::move(q));
    } else if (!ask_by_another(q, v, rules, sorted, out)) {
        outcome o = rules.believe_refusal ? as_refused(v.result) : v.result;
        o.vendor.absent_by = s.outcome.vendor.absent_by;
        settle(std::move(q), std::move(o), out);
    }
}

} // namespace

answer_summary summarise(const std::vector<verdict>& verdicts, unsigned status) {
    const auto any = [&](next what) {
        return std::ranges::any_of(verdicts, [&](const verdict& v) { return v.what == what; });
    };
    answer_summary out;
    out.rate_limited = vendors::is_rate_limit(status);
    out.refuses_credentials = std::ranges::any_of(verdicts, &verdict::credentials_refused);
    out.asks_for_retry = any(next::retry);
    out.asks_for_later = any(next::later);
    out.succeeded = status < 300 && !out.asks_for_retry && !out.asks_for_later;
    out.failed_whole = !out.rate_limited && std::ranges::all_of(verdicts, [](const verdict& v) {
        return (v.what == next::retry || v.what == next::later) && !v.credentials_refused;
    });
    out.undecided_whole = std::ranges::all_of(
        verdicts, [](const verdict& v) { return v.what == next::isolate && !v.may_have_acted; });
    out.rejected_whole = std::ranges::all_of(
        verdicts, [](const verdict& v) { return v.result.code == outcome_code::rejected; });
    const auto bad = std::ranges::find_if(verdicts, [&](const verdict& v) { return is_trouble(v, status); });
    if (bad != verdicts.end()) out.trouble = bad->result.code;
    return out;
}

call_outcome sort_answer(wire_call& call, std::vector<verdict> verdicts, const answer_summary& all,
                         const outcome_rules& rules, wall_time today, effects& out) {
    call_outcome sorted;
    const bool alone = call.places.size() == 1;
    for (std::size_t i = 0; i < call.places.size(); ++i) {
        const verdict& v = verdicts[i];
        const bool isolate = v.what == next::isolate && !alone && !rules.believe_refusal;
        for (queued_step& q : call.places[i].items)
            sort_step(q, call.places[i], v, all, isolate, rules, today, sorted, out);
    }
    if (!sorted.refused.empty()) sorted.refused = hold_back(std::move(sorted.refused), rules, today, out);
    withdraw_cancelled(sorted.failed, withdrawal::after_call, out);
    withdraw_cancelled(sorted.throttled, withdrawal::after_call, out);
    withdraw_cancelled(sorted.undecided, withdrawal::after_call, out);
    return sorted;
}

call_outcome sort_no_answer(wire_call& call, bool lost, const outcome_rules& rules, wall_time today,
                            effects& out) {
    const outcome given_up = lost ? vendors::lost_outcome()
                                  : outcome_of(step_status::failed, outcome_code::vendor_unreachable, true);
    call_outcome sorted;
    for (lane_queue::place& place : call.places) {
        for (queued_step& q : place.items) {
            q.resent = false;
            if (lost) {
                ++q.what().attempts;
                ++q.failures;
            }
            if (try_again(q, given_up, lost, rules, today, out)) add(sorted.failed, place, std::move(q));
        }
    }
    withdraw_cancelled(sorted.failed, withdrawal::after_call, out);
    return sorted;
}

bool may_resend(const wire_call& call) {
    const bool named = std::ranges::any_of(
        call.batch.places, [](const vendors::place& place) { return !place.earn_ids.empty(); });
    const bool repeated = std::ranges::any_of(call.places, [](const lane_queue::place& place) {
        return std::ranges::any_of(place.items, &queued_step::resent);
    });
    return !named && !repeated && rule_of(call.batch.what).resend == resend::freely;
}

lane_queue::group sort_resend(wire_call& call, effects& out) {
    lane_queue::group again;
    for (lane_queue::place& place : call.places) {
        for (queued_step& q : place.items) {
            q.resent = true;
            step& s = q.what();
            ++s.attempts;
            ++s.history.lost;
            s.history.acted_before = s.history.in_doubt = true;
            note(q, out);
            add(again, place, std::move(q));
        }
    }
    withdraw_cancelled(again, withdrawal::after_call, out);
    return again;
}

lane_queue::group all_steps(wire_call& call) {
    lane_queue::group all;
    for (lane_queue::place& place : call.places)
        for (queued_step& q : place.items)
            add(all, place, std::move(q));
    return all;
}

lane_queue::group hold_back(lane_queue::group refused, const outcome_rules& rules, wall_time today,
                            effects& out) {
    out.events.emplace_back(credentials_refused{});
    lane_queue::group waiting;
    for (lane_queue::place& place : refused) {
        for (queued_step& q : place.items) {
            q.reauthorised = false;
            if (rules.give_up.is_over(*q.op, today)) {
                settle(std::move(q), outcome_of(step_status::failed, outcome_code::vendor_auth, true), out);
                continue;
            }
            q.what().outcome.code = outcome_code::vendor_auth;
            note(q, out);
            add(waiting, place, std::move(q));
        }
    }
    withdraw_cancelled(waiting, withdrawal::after_call, out);
    return waiting;
}

void sort_broken(wire_call& call, bool sent, effects& out) {
    outcome o =
        sent ? vendors::lost_outcome() : outcome_of(step_status::failed, outcome_code::internal_error, true);
    o.code = outcome_code::internal_error;
    for (lane_queue::place& place : call.places)
        for (queued_step& q : place.items)
            if (q.op && q.what().stage == stage::in_flight) settle(std::move(q), o, out);
}

void withdraw_cancelled(lane_queue::group& group, withdrawal when, effects& out) {
    for (lane_queue::place& place : group) {
        for (queued_step& q : place.items) {
            if (!q.op->stopped) continue;
            const bool acted = q.what().history.acted_before;
            // A step that may have been done already gets one more try to tell.
            if (acted && (when == withdrawal::before_call || !std::exchange(q.last_try, true))) continue;
            settle(std::move(q),
                   acted ? vendors::lost_outcome()
                         : outcome_of(step_status::cancelled, outcome_code::cancelled, false),
                   out);
        }
        std::erase_if(place.items, [](const queued_step& q) { return !q.op; });
    }
    std::erase_if(group, [](const lane_queue::place& p) { return p.items.empty(); });
}

std::uint32_t faults_of(const std::vector<lane_queue::place>& places) {
    std::uint32_t most = 0;
    for (const lane_queue::place& place : places)
        for (const queued_step& q : place.items)
            most = std::max(most, q.faults);
    return most;
}

} // namespace offboard::engine
