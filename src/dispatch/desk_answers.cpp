// What becomes of a call's steps: settled, put back, or sent again in smaller calls.
#include "desk.hpp"

#include <algorithm>
#include <charconv>

namespace offboard::dispatch {

using telemetry::word;

namespace {

/// After so many single customers refused in a row, a call refused whole is taken at its word: what is wrong
/// is then our side or the vendor's, and asking about each customer alone would burn the budget of all.
constexpr std::uint32_t enough_refusals = 8;

outcome outcome_of(step_status status, std::string_view code, bool retryable) {
    outcome o;
    o.status = status;
    o.code = code;
    o.retryable = retryable;
    return o;
}

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
    const auto asked = vendors::asked_pause(answer);
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
            a.acted_before = a.in_doubt = true;
        }
    }
    for (vendors::place& place : p.batch.places)
        place.acted_before = true;
}

void desk::on_failure(packed& p, errc e, settlements& settled) {
    const bool lost = !nothing_was_sent(e);
    // Going down: the steps stay pending, and what was cut may have been done.
    if (e == errc::cancelled || halted_) return;
    owner_.log_.warn("vendor call failed", {{"vendor", to_string(vendor_)},
                                            {"step", to_string(p.batch.what)},
                                            {"reason", make_error_code(e).message()},
                                            {"customers", p.batch.places.size()}});
    if (e == errc::token_refused) {
        for (line::place& place : p.places)
            for (ask& a : place.asks)
                settle(std::move(a), outcome_of(step_status::failed, "vendor_auth", true), settled);
        return;
    }
    const steady_time again = retry_at(p);
    const outcome given_up =
        lost ? vendors::lost_outcome() : outcome_of(step_status::failed, "vendor_unreachable", true);
    for (line::place& place : p.places) {
        for (ask& a : place.asks) {
            if (lost) {
                ++a.what().attempts;
                a.in_doubt = true;
            }
            try_again(std::move(a), given_up, lost, again, settled);
        }
    }
}

bool desk::reauthorise(packed& p, const incoming_response& answer, settlements& settled) {
    const bool refused = answer.status == 401 && link_.has_token();
    for (line::place& place : p.places) {
        for (ask& a : place.asks) {
            if (!refused) {
                a.reauthorised = false;
            } else if (!a.reauthorised) {
                // Through the line again, so that the second try has its own start in the budget.
                a.reauthorised = true;
                push(std::move(a));
            } else {
                ++a.what().attempts;
                settle(std::move(a), outcome_of(step_status::failed, "vendor_auth", true), settled);
            }
        }
    }
    return refused;
}

void desk::on_answer(lane& l, packed& p, const incoming_response& answer, settlements& settled) {
    if (reauthorise(p, answer, settled)) return;
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

    line::call undecided;
    for (std::size_t i = 0; i < p.places.size(); ++i) {
        const vendors::verdict& verdict = verdicts[i];
        const bool apart = verdict.what == next::isolate && p.places.size() > 1 && !hopeless;
        for (ask& a : p.places[i].asks) {
            a.acted_before = a.acted_before || verdict.may_have_acted;
            if (verdict.what == next::later && !owner_.given_up(*a.op)) {
                // The vendor did nothing: no attempt. What waits for itself waits longer each time.
                ++a.faults;
                a.what().outcome.code = "vendor_throttled";
                owner_.metrics_.count_retries(vendor_, a.what().action, "vendor_throttled");
                if (answer.status == 429)
                    push(std::move(a)); // the pacer holds everything back
                else
                    put_back_later(std::move(a), again);
                continue;
            }
            ++a.what().attempts;
            if (apart) continue;
            if (verdict.what == next::retry)
                try_again(std::move(a), verdict.result, verdict.may_have_acted, again, settled);
            else
                settle(std::move(a), hopeless ? as_refused(verdict.result) : verdict.result, settled);
        }
        if (apart) undecided.push_back(std::move(p.places[i]));
    }
    learn(l, verdicts, hopeless);
    isolate(l, std::move(undecided));
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

void desk::isolate(lane& l, line::call undecided) {
    if (undecided.empty()) return;
    owner_.log_.info(
        "answer could not be told apart, sending again in smaller calls",
        {{"vendor", to_string(vendor_)}, {"step", to_string(l.key.what)}, {"customers", undecided.size()}});
    // Where nearly everybody is refused alone, one more is asked alone; if that one is refused as well and so
    // are the others together, they are taken to be refused for the same reason.
    l.peeled = l.refused_alone >= enough_refusals && undecided.size() > 2;
    auto halves = l.peeled ? policy::peel(std::move(undecided)) : policy::halve(std::move(undecided));
    for (line::call* half : {&halves.second, &halves.first}) {
        if (half->empty()) continue;
        if (l.key.what == action::delink) {
            // On the wire these were programmes of one customer; in line they are one seat again.
            for (std::size_t i = 1; i < half->size(); ++i)
                std::ranges::move((*half)[i].asks, std::back_inserter(half->front().asks));
            half->resize(1);
            half->front().fold = half->front().who;
        }
        for (const line::place& place : *half)
            waiting_ += place.asks.size();
        l.line.push_isolated(std::move(*half));
    }
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

void desk::try_again(ask a, const outcome& if_given_up, bool lost, steady_time again, settlements& settled) {
    ++a.faults;
    if (lost) {
        ++a.lost;
        a.acted_before = true;
        a.in_doubt = a.in_doubt || if_given_up.status == step_status::unknown;
    }
    const vendors::place place = place_of(a, form_.source);
    const bool used_up =
        lost && a.lost >= 2 && vendors::repeat_rule(a.what().action, place) == vendors::repeat::once;
    if (used_up || owner_.given_up(*a.op)) return settle(std::move(a), if_given_up, settled);
    a.what().outcome.code = if_given_up.code;
    owner_.metrics_.count_retries(vendor_, a.what().action, word::of(if_given_up.code));
    put_back_later(std::move(a), again);
}

void desk::settle(ask a, outcome o, settlements& settled) const {
    // A refusal now says nothing of the attempt whose answer was lost: that one may have done it.
    if (o.status == step_status::failed && a.in_doubt) {
        vendor_detail said = std::move(o.vendor);
        o = vendors::lost_outcome();
        o.vendor = std::move(said);
    }
    settled.push_back({std::move(a), std::move(o)});
}

void desk::put_back_later(ask a, steady_time due) {
    ++waiting_;
    delayed_.emplace(due, std::move(a));
    look_at(due);
}

} // namespace offboard::dispatch
