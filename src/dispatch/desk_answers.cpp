// What becomes of a call's steps: settled, put back, or sent again in smaller calls.
#include "desk.hpp"

#include "offboard/engine/outcomes.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace offboard::dispatch {

using telemetry::word;

namespace {

/// After so many single customers refused in a row, a call refused whole is taken at its word: what is wrong
/// is then our side or the vendor's, and asking about each customer alone would burn the budget of all.
constexpr std::uint32_t enough_refusals = 8;

/// The last repeat of an action waits for so many times the base of the backoff.
constexpr int last_repeat_after = 20;

/// Refused in company and never asked about alone: an operator may well try again.
outcome as_refused(outcome o) {
    o.retryable = true;
    return o;
}

bool refuses_credentials(const vendors::verdict& v) {
    return v.credentials_refused;
}

/// The call failed as a whole, for a reason that may be one of its customers: no customer has an outcome.
bool failed_as_whole(const std::vector<vendors::verdict>& verdicts, unsigned status) {
    using vendors::next;
    return !vendors::is_rate_limit(status) && std::ranges::all_of(verdicts, [](const vendors::verdict& v) {
        return (v.what == next::retry || v.what == next::later) && !refuses_credentials(v);
    });
}

/// An answer that tells of the vendor's state, or of our settings, rather than of a customer. What 401, 403
/// and 429 are has lines of its own.
bool is_trouble(const vendors::verdict& v, const incoming_response& answer) {
    using vendors::next;
    if (refuses_credentials(v) || vendors::is_rate_limit(answer.status)) return false;
    if (v.what == next::retry || v.what == next::later) return true;
    if (v.what == next::settle && v.result.status == step_status::unknown) return true;
    return v.result.code == outcome_code::redirected || v.result.code == outcome_code::ambiguous_404;
}

} // namespace

void desk::on_bug(packed& p, bool sent, settlements& settled) {
    outcome o =
        sent ? vendors::lost_outcome() : outcome_of(step_status::failed, outcome_code::internal_error, true);
    o.code = outcome_code::internal_error;
    for (line::place& place : p.places)
        for (ask& a : place.asks)
            if (a.op && a.what().stage == stage::in_flight) settle(std::move(a), o, settled);
}

bool desk::on_failure(packed& p, errc e, std::string_view reason, settlements& settled) {
    const bool lost = !nothing_was_sent(e);
    if (e == errc::cancelled || halted_) {
        // Going down: the steps stay pending. What was cut may have been done, and stays open in the journal;
        // what never left is as if it had not been tried.
        const auto untried = [](const line::place& place) {
            return std::ranges::none_of(place.asks,
                                        [](const ask& a) { return a.what().history.acted_before; });
        };
        return !lost && std::ranges::all_of(p.places, untried);
    }
    tell_failed(p, reason);
    if (e == errc::token_refused) {
        line::call all;
        for (line::place& place : p.places)
            for (ask& a : place.asks)
                add(all, place, std::move(a));
        hold_back(p, std::move(all), settled);
        return true;
    }
    const steady_time again = retry_at(p);
    const outcome given_up = lost ? vendors::lost_outcome()
                                  : outcome_of(step_status::failed, outcome_code::vendor_unreachable, true);
    later group{{}, p.apart};
    for (line::place& place : p.places) {
        for (ask& a : place.asks) {
            a.resent = false;
            if (lost) {
                ++a.what().attempts;
                ++a.failures;
                a.what().history.in_doubt = true;
            }
            if (try_again(a, given_up, lost, settled)) add(group.places, place, std::move(a));
        }
    }
    withdraw(group, moment::ended, settled);
    if (lost)
        put_back_failed(p.batch.what, std::move(group.places), p.apart, again);
    else
        put_back(std::move(group), again);
    return true;
}

bool desk::resend(packed& p, settlements& settled) {
    const bool named = std::ranges::any_of(
        p.batch.places, [](const vendors::place& place) { return !place.earn_ids.empty(); });
    const bool harmless = !named && rule_of(p.batch.what).resend == offboard::resend::freely;
    const bool first = std::ranges::none_of(
        p.places, [](const line::place& place) { return std::ranges::any_of(place.asks, &ask::resent); });
    if (!harmless || !first || halted_) return false;
    later group{{}, p.apart};
    for (line::place& place : p.places) {
        for (ask& a : place.asks) {
            a.resent = true;
            step& s = a.what();
            ++s.attempts;
            ++s.history.lost;
            s.history.acted_before = s.history.in_doubt = true;
            note(a, settled);
            add(group.places, place, std::move(a));
        }
    }
    withdraw(group, moment::ended, settled);
    put_back_now(std::move(group));
    return true;
}

void desk::put_back_failed(action what, line::call failed, bool apart, steady_time due) {
    if (failed.empty()) return;
    // The same customers again and no others, so that what fails twice can be cut in two: one of them may
    // be what the vendor fails at. While the breaker is open, that the vendor is down explains it.
    const bool several = failed.size() > 1 && rule_of(what).sharing != sharing::one_customer;
    const bool down = breaker_of(what).at(with_.time.now()) != policy::breaker::state::closed;
    std::uint32_t failures = 0;
    for (const line::place& place : failed)
        for (const ask& a : place.asks)
            failures = std::max(failures, a.failures);
    // A repeat that is the last waits long enough for the breaker to tell an outage, and such repeats go one
    // after the other: a vendor that comes back for a moment only takes one of them along.
    const bool last = rule_of(what).resend == offboard::resend::once;
    if (last)
        due = std::max(due, with_.time.now() + std::min<duration>(settings_.breaker.open,
                                                                  last_repeat_after * backoff_.base));
    if (!several) return put_back({std::move(failed), apart || !down || last, true}, due);
    if (failures < 2) return put_back({std::move(failed), true, true}, due);
    // Each half is a new question: it does not wait for what the whole has failed.
    const steady_time now = with_.time.now();
    for (line::place& place : failed)
        for (ask& a : place.asks)
            a.faults = 0;
    auto [first, second] = policy::halve(std::move(failed));
    put_back({std::move(first), true, true}, now + backoff_.wait(0, with_.random));
    put_back({std::move(second), true, true}, now + backoff_.wait(0, with_.random));
}

bool desk::ask_by_another(ask& a, const vendors::verdict& verdict, settlements& settled) {
    step& s = a.what();
    if (verdict.result.status != step_status::absent ||
        rule_of(s.action).absence == absence::by_one_identifier)
        return false;
    std::vector<identifier_kind>& asked = s.outcome.vendor.absent_by;
    asked.push_back(s.who->kind);
    const customer& c = a.op->what.customers[s.customer];
    const identifier* const next = identifier_for(c, s.action, asked);
    if (!next) return false;
    s.who = *next;
    s.outcome.code = outcome_code::not_found;
    a.faults = a.failures = 0;
    note(a, settled);
    seat at = seat_of(*a.op, s, form_.source);
    later alone{{}, true};
    alone.places.push_back({std::move(at.fold), std::move(at.who), {}});
    alone.places.back().asks.push_back(std::move(a));
    withdraw(alone, moment::ended, settled);
    put_back_now(std::move(alone));
    return true;
}

void desk::on_answer(lane& l, packed& p, const incoming_response& answer, bool renewable,
                     settlements& settled) {
    if (reauthorise(p, renewable && answer.status == 401, settled)) return;
    const std::vector<vendors::verdict> verdicts = vendors::decode(p.batch, answer, form_.wire);
    using vendors::next;
    const auto any = [&](next what) {
        return std::ranges::any_of(verdicts, [&](const vendors::verdict& v) { return v.what == what; });
    };
    const bool limited = vendors::is_rate_limit(answer.status);
    const bool well = answer.status < 300 && !any(next::retry) && !any(next::later);
    const std::optional<duration> asked = heed(answer, well);
    const bool whole = std::ranges::all_of(
        verdicts, [](const vendors::verdict& v) { return v.what == next::isolate && !v.may_have_acted; });
    const bool hopeless = whole && p.places.size() > 1 && l.peeled;
    const bool failed_whole = failed_as_whole(verdicts, answer.status);
    const bool waits = any(next::retry) || (any(next::later) && !limited);
    const steady_time again = waits ? retry_at(p, asked) : steady_time{};
    if (!any(next::retry)) retries_.succeeded(with_.time.now());
    judge_credentials(p, answer, std::ranges::any_of(verdicts, refuses_credentials));
    tell_trouble(p, verdicts, answer);

    later undecided{{}, true};
    later failed{{}, p.apart};
    later throttled{{}, p.apart};
    line::call refused;
    for (std::size_t i = 0; i < p.places.size(); ++i) {
        const vendors::verdict& verdict = verdicts[i];
        const bool apart = verdict.what == next::isolate && p.places.size() > 1 && !hopeless;
        for (ask& a : p.places[i].asks) {
            step& s = a.what();
            s.history.acted_before = s.history.acted_before || verdict.may_have_acted;
            a.failures = failed_whole ? a.failures + 1 : 0;
            if (refuses_credentials(verdict)) {
                ++s.attempts;
                add(refused, p.places[i], std::move(a));
                continue;
            }
            a.reauthorised = false;
            if (verdict.what == next::later && !with_.operations.given_up(*a.op)) {
                // The vendor did nothing: no attempt. What waits for itself waits longer each time.
                ++a.faults;
                s.outcome.code = verdict.result.code;
                with_.metrics.count_retries(vendor_, s.action, word::of(to_string(verdict.result.code)));
                add((failed_whole ? failed : throttled).places, p.places[i], std::move(a));
                continue;
            }
            ++s.attempts;
            if (apart) {
                note(a, settled);
                add(undecided.places, p.places[i], std::move(a));
            } else if (verdict.what == next::retry) {
                if (try_again(a, verdict.result, verdict.may_have_acted, settled))
                    add(failed.places, p.places[i], std::move(a));
            } else if (!ask_by_another(a, verdict, settled)) {
                outcome o = hopeless ? as_refused(verdict.result) : verdict.result;
                o.vendor.absent_by = s.outcome.vendor.absent_by;
                settle(std::move(a), std::move(o), settled);
            }
        }
    }
    if (!refused.empty()) hold_back(p, std::move(refused), settled);
    withdraw(failed, moment::ended, settled);
    withdraw(throttled, moment::ended, settled);
    withdraw(undecided, moment::ended, settled);
    learn(l, verdicts, hopeless);
    isolate(l, p, std::move(undecided.places));
    if (limited)
        put_back_now(std::move(throttled)); // the pacer holds everything back
    else
        put_back(std::move(throttled), again);
    if (failed_whole)
        put_back_failed(p.batch.what, std::move(failed.places), p.apart, again);
    else
        put_back(std::move(failed), again);
}

void desk::tell_trouble(const packed& p, const std::vector<vendors::verdict>& verdicts,
                        const incoming_response& answer) {
    const auto bad = std::ranges::find_if(verdicts, [&](const auto& v) { return is_trouble(v, answer); });
    if (bad != verdicts.end()) tell_failed(p, answered(answer.status), to_string(bad->result.code), &answer);
}

void desk::learn(lane& l, const std::vector<vendors::verdict>& verdicts, bool hopeless) {
    const bool refused =
        std::ranges::all_of(verdicts, [](const auto& v) { return v.result.code == outcome_code::rejected; });
    if (!refused || hopeless) l.peeled = false;
    if (!refused)
        l.refused_alone = 0;
    else if (verdicts.size() == 1)
        ++l.refused_alone;
}

void desk::isolate(lane& l, const packed& from, line::call undecided) {
    if (undecided.empty()) return;
    tell(telemetry::level::info, "answer could not be told apart, sending again in smaller calls", from,
         {{"undecided", undecided.size()}});
    // Where nearly all customers are refused alone, one more is asked alone; if that one is refused as well
    // and so are the others together, they are taken to be refused for the same reason.
    l.peeled = l.refused_alone >= enough_refusals && undecided.size() > 2;
    auto [first, second] =
        l.peeled ? policy::peel(std::move(undecided)) : policy::halve(std::move(undecided));
    // The one that is put in line last is sent first.
    put_back_now({std::move(second), true});
    put_back_now({std::move(first), true});
}

steady_time desk::retry_at(const packed& p, std::optional<duration> asked) {
    std::uint32_t faults = 0;
    for (const line::place& place : p.places)
        for (const ask& a : place.asks)
            faults = std::max(faults, a.faults);
    const steady_time now = with_.time.now();
    steady_time backed_off = now + backoff_.wait(faults, with_.random);
    // Behind an open breaker the wait is the breaker's: its probe is all that will be sent.
    const steady_time probe = breaker_of(p.batch.what).next_try(now);
    if (probe > now && probe != steady_time::max()) backed_off = std::min(backed_off, probe);
    if (asked) backed_off = std::max(backed_off, now + *asked);
    return std::max(backed_off, retries_.ready_at(retries_.charge(now), now));
}

bool desk::try_again(ask& a, const outcome& if_given_up, bool lost, settlements& settled) {
    ++a.faults;
    step& s = a.what();
    if (lost) {
        ++s.history.lost;
        s.history.acted_before = true;
        s.history.in_doubt = s.history.in_doubt || if_given_up.status == step_status::unknown;
    }
    if (engine::is_used_up(s) || with_.operations.given_up(*a.op)) {
        settle(std::move(a), if_given_up, settled);
        return false;
    }
    s.outcome.code = if_given_up.code;
    with_.metrics.count_retries(vendor_, s.action, word::of(to_string(if_given_up.code)));
    note(a, settled);
    return true;
}

void desk::withdraw(later& group, moment when, settlements& settled) {
    for (line::place& place : group.places) {
        for (ask& a : place.asks) {
            if (!a.op->stopped) continue;
            const bool acted = a.what().history.acted_before;
            // What may have been done already gets one more try to tell.
            if (acted && (when == moment::leaving || !std::exchange(a.last_try, true))) continue;
            settle(std::move(a),
                   acted ? vendors::lost_outcome()
                         : outcome_of(step_status::cancelled, outcome_code::cancelled, false),
                   settled);
        }
        std::erase_if(place.asks, [](const ask& a) { return !a.op; });
    }
    std::erase_if(group.places, [](const line::place& p) { return p.asks.empty(); });
}

void desk::note(const ask& a, settlements& settled) {
    settlement progress;
    progress.op = a.op;
    progress.step = a.step;
    progress.outcome = a.what().outcome;
    settled.push_back(std::move(progress));
}

void desk::settle(ask a, outcome o, settlements& settled) {
    // A refusal now says nothing of the attempt whose answer was lost: that one may have done it.
    if (o.status == step_status::failed && a.what().history.in_doubt) {
        vendor_detail said = std::move(o.vendor);
        o = vendors::lost_outcome();
        o.vendor = std::move(said);
    }
    settled.push_back({std::move(a.op), a.step, std::move(o), {}});
}

} // namespace offboard::dispatch
