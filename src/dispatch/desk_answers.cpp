// What becomes of a call's steps: settled, put back, or sent again in smaller calls.
#include "desk.hpp"
#include "outcomes.hpp"

#include <algorithm>
#include <charconv>
#include <ranges>

namespace offboard::dispatch {

using telemetry::word;

namespace {

/// After so many single customers refused in a row, a call refused whole is taken at its word: what is wrong
/// is then our side or the vendor's, and asking about each customer alone would burn the budget of all.
constexpr std::uint32_t enough_refusals = 8;

/// Refused in company and never asked about alone: an operator may well try again.
outcome as_refused(outcome o) {
    o.retryable = true;
    return o;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t n = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (text.empty() || ec != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return n;
}

/// Puts an ask into a group under its place's name.
void add(line::call& group, const line::place& from, ask a) {
    if (group.empty() || group.back().fold != from.fold) group.push_back({from.fold, from.who, {}});
    group.back().asks.push_back(std::move(a));
}

/// An answer that tells of the vendor's state, or of our settings, rather than of a customer. What 401, 403
/// and 429 are has lines of its own.
bool is_trouble(const vendors::verdict& v, const incoming_response& answer) {
    using vendors::next;
    if (v.result.code == "vendor_auth" || answer.status == 429) return false;
    if (v.what == next::retry || v.what == next::later) return true;
    if (v.what == next::settle && v.result.status == step_status::unknown) return true;
    return v.result.code == "redirected" || v.result.code == "ambiguous_404";
}

} // namespace

void desk::heed(const incoming_response& answer) {
    const steady_time now = owner_.clock_.now();
    policy::vendor_count count;
    count.limit = number_in(answer.header("x-ratelimit-limit"));
    count.remaining = number_in(answer.header("x-ratelimit-remaining"));
    if (const auto reset = number_in(answer.header("x-ratelimit-reset")))
        count.reset_in = std::chrono::seconds(std::min<std::uint64_t>(*reset, 3600));
    pacer_.observe(count, now);
    if (answer.status != 429) {
        throttled_ = 0;
        return;
    }
    const auto asked = vendors::asked_pause(answer, owner_.clock_.today());
    const duration drawn = std::max(backoff_.base, backoff_.wait(throttled_++, owner_.random_));
    const duration wait = asked ? duration(*asked) : drawn;
    pacer_.hold(now + wait, now);
    owner_.log_.warn(
        "vendor asks to be left alone",
        {{"vendor", to_string(vendor_)}, {"seconds", std::chrono::duration<double>(wait).count()}});
}

void desk::note_repeat(packed& p) {
    for (line::place& place : p.places) {
        for (ask& a : place.asks) {
            ++a.what().attempts;
            a.what().history.acted_before = a.what().history.in_doubt = true;
        }
    }
    for (vendors::place& place : p.batch.places)
        place.acted_before = true;
}

void desk::on_bug(packed& p, bool sent, settlements& settled) {
    outcome o = sent ? vendors::lost_outcome() : outcome_of(step_status::failed, "internal_error", true);
    o.code = "internal_error";
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
        for (line::place& place : p.places)
            for (ask& a : place.asks)
                settle(std::move(a), outcome_of(step_status::failed, "vendor_auth", true), settled);
        return true;
    }
    const steady_time again = retry_at(p);
    const outcome given_up =
        lost ? vendors::lost_outcome() : outcome_of(step_status::failed, "vendor_unreachable", true);
    later group{{}, p.apart};
    for (line::place& place : p.places) {
        for (ask& a : place.asks) {
            if (lost) {
                ++a.what().attempts;
                a.what().history.in_doubt = true;
            }
            if (try_again(a, given_up, lost, settled)) add(group.places, place, std::move(a));
        }
    }
    withdraw(group, settled);
    put_back(std::move(group), again);
    return true;
}

bool desk::reauthorise(packed& p, bool refused, settlements& settled) {
    // Through the line again, so that the second try has its own start in the budget.
    later group{{}, p.apart};
    for (line::place& place : p.places) {
        for (ask& a : place.asks) {
            if (!refused) {
                a.reauthorised = false;
            } else if (!a.reauthorised) {
                a.reauthorised = true;
                add(group.places, place, std::move(a));
            } else {
                ++a.what().attempts;
                settle(std::move(a), outcome_of(step_status::failed, "vendor_auth", true), settled);
            }
        }
    }
    if (!settled.empty()) tell_refused(p);
    withdraw(group, settled);
    put_back_now(std::move(group));
    return refused;
}

void desk::on_answer(lane& l, packed& p, const incoming_response& answer, bool renewable,
                     settlements& settled) {
    if (reauthorise(p, renewable && answer.status == 401, settled)) return;
    const std::vector<vendors::verdict> verdicts = vendors::decode(p.batch, answer, form_.wire);
    using vendors::next;
    const auto any = [&](next what) {
        return std::ranges::any_of(verdicts, [&](const vendors::verdict& v) { return v.what == what; });
    };
    const bool whole = std::ranges::all_of(
        verdicts, [](const vendors::verdict& v) { return v.what == next::isolate && !v.may_have_acted; });
    const bool hopeless = whole && p.places.size() > 1 && l.peeled;
    const bool waits = any(next::retry) || (any(next::later) && answer.status != 429);
    const steady_time again = waits ? retry_at(p) : steady_time{};
    if (!any(next::retry)) retries_.succeeded(owner_.clock_.now());
    if (std::ranges::any_of(verdicts, [](const auto& v) { return v.result.code == "vendor_auth"; }))
        tell_refused(p);
    if (const auto bad = std::ranges::find_if(verdicts, [&](const auto& v) { return is_trouble(v, answer); });
        bad != verdicts.end())
        tell_failed(p, answered(answer.status), bad->result.code);

    later undecided{{}, true};
    later failed{{}, p.apart};
    later throttled{{}, p.apart};
    for (std::size_t i = 0; i < p.places.size(); ++i) {
        const vendors::verdict& verdict = verdicts[i];
        const bool apart = verdict.what == next::isolate && p.places.size() > 1 && !hopeless;
        for (ask& a : p.places[i].asks) {
            step& s = a.what();
            s.history.acted_before = s.history.acted_before || verdict.may_have_acted;
            if (verdict.what == next::later && !owner_.given_up(*a.op)) {
                // The vendor did nothing: no attempt. What waits for itself waits longer each time.
                ++a.faults;
                s.outcome.code = verdict.result.code;
                owner_.metrics_.count_retries(vendor_, s.action, word::of(verdict.result.code));
                add(throttled.places, p.places[i], std::move(a));
                continue;
            }
            ++s.attempts;
            if (apart) {
                note(a, settled);
                add(undecided.places, p.places[i], std::move(a));
            } else if (verdict.what == next::retry) {
                if (answer.status >= 500) ++a.errors;
                if (try_again(a, verdict.result, verdict.may_have_acted, settled))
                    add(failed.places, p.places[i], std::move(a));
            } else {
                settle(std::move(a), hopeless ? as_refused(verdict.result) : verdict.result, settled);
            }
        }
    }
    withdraw(failed, settled);
    withdraw(throttled, settled);
    withdraw(undecided, settled);
    learn(l, verdicts, hopeless);
    isolate(l, p, std::move(undecided.places));
    if (answer.status == 429)
        put_back_now(std::move(throttled)); // the pacer holds everything back
    else
        put_back(std::move(throttled), again);
    // The same customers met an error of the vendor's again while its breaker is closed, that is, while it
    // works for others: one of them may be what it stumbles over.
    const bool stumbles = failed.places.size() > 1 && failed.places.front().asks.front().errors >= 2 &&
                          breaker_of(p.batch.what).at(owner_.clock_.now()) == policy::breaker::state::closed;
    if (!stumbles || p.batch.what == action::delink) return put_back(std::move(failed), again);
    auto [first, second] = policy::halve(std::move(failed.places));
    put_back({std::move(first), true}, again);
    put_back({std::move(second), true}, again);
}

void desk::learn(lane& l, const std::vector<vendors::verdict>& verdicts, bool hopeless) {
    const bool refused =
        std::ranges::all_of(verdicts, [](const auto& v) { return v.result.code == "rejected"; });
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
    // What may only be repeated once is repeated alone: the next answer is the last.
    const bool once = std::ranges::any_of(undecided, [&](const line::place& p) {
        const vendors::place on_wire = place_of(p.asks.front(), form_.source);
        return p.asks.front().what().history.acted_before &&
               vendors::repeat_rule(l.key.what, on_wire) == vendors::repeat::once;
    });
    std::vector<line::call> parts;
    if (once) {
        for (line::place& p : undecided)
            parts.emplace_back().push_back(std::move(p));
    } else {
        // Where nearly everybody is refused alone, one more is asked alone; if that one is refused as well
        // and so are the others together, they are taken to be refused for the same reason.
        l.peeled = l.refused_alone >= enough_refusals && undecided.size() > 2;
        auto halves = l.peeled ? policy::peel(std::move(undecided)) : policy::halve(std::move(undecided));
        parts.push_back(std::move(halves.first));
        parts.push_back(std::move(halves.second));
    }
    // The one that is put in line last is sent first.
    for (line::call& part : std::ranges::reverse_view(parts))
        put_back_now({std::move(part), true});
}

steady_time desk::retry_at(const packed& p) {
    std::uint32_t faults = 0;
    for (const line::place& place : p.places)
        for (const ask& a : place.asks)
            faults = std::max(faults, a.faults);
    const steady_time now = owner_.clock_.now();
    steady_time backed_off = now + backoff_.wait(faults, owner_.random_);
    // Behind an open breaker the wait is the breaker's: its probe is all that will be sent.
    const steady_time probe = breaker_of(p.batch.what).next_try(now);
    if (probe > now && probe != steady_time::max()) backed_off = std::min(backed_off, probe);
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
    const vendors::place place = place_of(a, form_.source);
    const bool used_up =
        s.history.lost >= 2 && vendors::repeat_rule(s.action, place) == vendors::repeat::once;
    if (used_up || owner_.given_up(*a.op)) {
        settle(std::move(a), if_given_up, settled);
        return false;
    }
    s.outcome.code = if_given_up.code;
    owner_.metrics_.count_retries(vendor_, s.action, word::of(if_given_up.code));
    note(a, settled);
    return true;
}

void desk::withdraw(later& group, settlements& settled) {
    for (line::place& place : group.places) {
        for (ask& a : place.asks)
            if (a.op->stopped && !a.what().history.acted_before)
                settle(std::move(a), outcome_of(step_status::cancelled, "cancelled", false), settled);
        std::erase_if(place.asks, [](const ask& a) { return !a.op; });
    }
    std::erase_if(group.places, [](const line::place& p) { return p.asks.empty(); });
}

void desk::note(const ask& a, settlements& settled) {
    dispatcher::settlement progress;
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
