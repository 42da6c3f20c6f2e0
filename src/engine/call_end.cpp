#include "offboard/engine/call_end.hpp"

#include "offboard/domain/action_rules.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace offboard::engine {

namespace {

/// After so many single customers refused in a row, a call refused whole is taken at its word: what is wrong
/// is then our side or the vendor's, and asking about each customer alone would burn the budget of all.
constexpr std::uint32_t enough_refusals = 8;

/// The last repeat of an action waits for so many times the base of the backoff.
constexpr int last_repeat_after = 20;

constexpr bool counts_as_down(unsigned status) {
    return status >= 500;
}

/// No answer counts against the vendor, unless the reason lies with us, or is an answer to another request.
constexpr bool counts_as_down(errc why) {
    return why != errc::cancelled && why != errc::token_refused && why != errc::no_resources;
}

/// The only customer in a call; empty when there are several.
std::string_view only_customer(const wire_call& c) {
    if (c.places.empty() || customers_in(c.batch) != 1) return {};
    return c.places.front().identity;
}

bool was_acted_on(const lane_queue::place& p) {
    return std::ranges::any_of(p.items, [](const queued_step& q) { return q.what().history.acted_before; });
}

bool has_lost_a_try(const lane_queue::place& p) {
    return std::ranges::any_of(p.items, [](const queued_step& q) { return q.what().history.lost > 0; });
}

/// The lane learns from the answer when customers are refused one after the other.
void learn(lane& l, std::size_t places, bool rejected_whole, bool believed) {
    if (!rejected_whole || believed) l.split_off = false;
    if (!rejected_whole)
        l.refused_alone = 0;
    else if (places == 1)
        ++l.refused_alone;
}

} // namespace

void call_end::land(started_call& call, steady_time now) {
    if (std::exchange(call.ended, true)) return;
    lanes_.call_ends(*call.from, call.content.isolated);
    health_.pacer().finished(now);
    vendor_health::kind& kind = health_.of(call.what);
    if (!call.judged) kind.breaker.abandoned(call.ticket);
    if (call.tries_credentials) kind.hold.abandoned(now);
}

outcome_rules call_end::rules(bool believe_refusal) const {
    return {give_up_, shape_.source, believe_refusal};
}

bool call_end::unanswered(started_call& call, errc why, const moment& m, const conditions& known,
                          effects& out) {
    wire_call& content = call.content;
    if (why == errc::connection_stale && !call.pinged_by && !halted_ && may_resend(content)) {
        land(call, m.now);
        lane_queue::group again = sort_resend(content, out);
        lanes_.put_back_now({std::move(again), content.isolated}, m);
        return true;
    }
    if (counts_as_down(why)) {
        call.judged = true;
        health_.judge(call.what, call.ticket, true, only_customer(content), m, out.events);
    }
    if (why == errc::token_refused) health_.of(call.what).hold.refused(known.credentials, m.now);
    land(call, m.now);
    if (call.pinged_by) return true;
    const bool lost = !nothing_was_sent(why);
    if (why == errc::cancelled || halted_)
        // The process is going down: the steps stay pending. A call that was cut may have been done, and
        // stays open in the journal; a call that never left is as if it had not been tried.
        return !lost && std::ranges::none_of(content.places, was_acted_on);
    out.events.emplace_back(call_unanswered{});
    if (why == errc::token_refused) {
        lane_queue::group waiting = hold_back(all_steps(content), rules(), m.today, out);
        lanes_.put_back_now({std::move(waiting), content.isolated}, m);
        return true;
    }
    const steady_time again = health_.retry_at(call.what, faults_of(content.places), std::nullopt, m);
    call_outcome sorted = sort_no_answer(content, lost, rules(), m.today, out);
    if (lost)
        put_back_failed(call.what, std::move(sorted.failed), content.isolated, again, false, m);
    else
        lanes_.put_back({std::move(sorted.failed), content.isolated}, again);
    return true;
}

void call_end::answered(started_call& call, const incoming_response& answer,
                        std::vector<vendors::verdict> verdicts, bool renewable, const moment& m,
                        const conditions& known, effects& out) {
    if (call.pinged_by) return ping_answered(call, answer, m, out);
    health_.took(m.now - call.begun);
    call.judged = true;
    health_.judge(call.what, call.ticket, counts_as_down(answer.status), only_customer(call.content), m,
                  out.events);
    if (!reauthorise(call, renewable && answer.status == 401, m, out))
        sort(call, answer, std::move(verdicts), m, known, out);
    land(call, m.now);
}

void call_end::ping_answered(started_call& call, const incoming_response& answer, const moment& m,
                             effects& out) {
    const bool down = counts_as_down(answer.status);
    health_.apply_rate_limit(answer, !down, lanes_.calls(), m, out.events);
    if (down) {
        call.judged = true;
        health_.judge(call.what, call.ticket, true, {}, m, out.events);
    } else {
        // The breaker stays open until a call for one customer has succeeded.
        health_.of(call.what).pinged = true;
    }
    land(call, m.now);
}

bool call_end::reauthorise(started_call& call, bool renewable, const moment& m, effects& out) {
    wire_call& content = call.content;
    const bool second = std::ranges::any_of(content.places, [](const lane_queue::place& place) {
        return std::ranges::any_of(place.items, &queued_step::reauthorised);
    });
    if (!renewable || second) return false;
    // Through the queue again, so that the second try has its own start in the budget.
    steps_put_back group{std::move(content.places), content.isolated};
    for (lane_queue::place& place : group.places)
        for (queued_step& q : place.items)
            q.reauthorised = true;
    health_.of(call.what).hold.again(m.now);
    withdraw_cancelled(group.places, withdrawal::after_call, out);
    lanes_.put_back_now(std::move(group), m);
    return true;
}

void call_end::sort(started_call& call, const incoming_response& answer,
                    std::vector<vendors::verdict> verdicts, const moment& m, const conditions& known,
                    effects& out) {
    lane& l = *call.from;
    wire_call& content = call.content;
    const answer_summary all = summarise(verdicts, answer.status);
    const std::size_t places = content.places.size();
    const std::optional<duration> asked =
        health_.apply_rate_limit(answer, all.succeeded, lanes_.calls(), m, out.events);
    const bool believed = all.undecided_whole && places > 1 && l.split_off;
    steady_time again{};
    if (all.asks_for_retry || (all.asks_for_later && !all.rate_limited))
        again = health_.retry_at(call.what, faults_of(content.places), asked, m);
    if (!all.asks_for_retry) health_.earn_retries(m.now);
    health_.judge_credentials(call.what, answer.status, all.refuses_credentials, known.credentials, m.now);
    if (all.trouble) out.events.emplace_back(answer_in_trouble{*all.trouble});

    const bool isolated = content.isolated;
    call_outcome sorted = sort_answer(content, std::move(verdicts), all, rules(believed), m.today, out);
    for (call_outcome::regrouped& other : sorted.by_another)
        lanes_.put_back_now({std::move(other.places), true}, m);
    lanes_.put_back_now({std::move(sorted.refused), isolated}, m);
    learn(l, places, all.rejected_whole, believed);
    isolate(l, std::move(sorted.undecided), m, out);
    if (all.rate_limited)
        lanes_.put_back_now({std::move(sorted.throttled), isolated}, m); // the pacer holds all calls back
    else
        lanes_.put_back({std::move(sorted.throttled), isolated}, again);
    if (all.failed_whole)
        put_back_failed(call.what, std::move(sorted.failed), isolated, again, asked.has_value(), m);
    else
        lanes_.put_back({std::move(sorted.failed), isolated}, again);
}

void call_end::broken(started_call& call, bool sent, const moment& m, effects& out) {
    land(call, m.now);
    sort_broken(call.content, sent, out);
}

void call_end::put_back_failed(action what, lane_queue::group failed, bool isolated, steady_time due,
                               bool asked, const moment& m) {
    if (failed.empty()) return;
    // The same customers again and no others, so that what fails twice can be cut in two: one of them may
    // be what the vendor fails at. While the breaker is open, the failure is explained: the vendor is down.
    const bool several = failed.size() > 1 && rule_of(what).sharing != sharing::one_customer;
    const bool down = !(health_.of(what).breaker.at(m.now) == policy::breaker::state::closed);
    std::uint32_t failures = 0;
    for (const lane_queue::place& place : failed)
        for (const queued_step& q : place.items)
            failures = std::max(failures, q.failures);
    // A repeat that is the last waits long enough for the breaker to tell an outage, and such repeats go one
    // after the other: a vendor that comes back for a moment only takes one of them along. A vendor that says
    // when it is back is believed.
    const bool last = rule_of(what).resend == resend::once;
    const policy::backoff& backoff = health_.backoff();
    if (last && !asked)
        due = std::max(due,
                       m.now + std::min<duration>(health_.longest_open(), last_repeat_after * backoff.base));
    if (!several) return lanes_.put_back({std::move(failed), isolated || !down || last, true}, due);
    if (failures < 2) return lanes_.put_back({std::move(failed), true, true}, due);
    // Each half is a new question: it does not wait for what the whole has failed.
    for (lane_queue::place& place : failed)
        for (queued_step& q : place.items)
            q.faults = 0;
    auto [first, second] = policy::halve(std::move(failed));
    lanes_.put_back({std::move(first), true, true}, m.now + backoff.wait(0, m.random));
    lanes_.put_back({std::move(second), true, true}, m.now + backoff.wait(0, m.random));
}

void call_end::isolate(lane& l, lane_queue::group undecided, const moment& m, effects& out) {
    if (undecided.empty()) return;
    out.events.emplace_back(call_split{undecided.size()});
    // Where the next call is the only repeat that there is, each customer is asked about alone: halves could
    // stay undecided.
    if (rule_of(l.key.what).resend == resend::once) {
        const auto last = std::ranges::stable_partition(undecided, std::not_fn(has_lost_a_try));
        for (lane_queue::place& place : last) {
            steps_put_back one{{}, true};
            one.places.push_back(std::move(place));
            lanes_.put_back_now(std::move(one), m);
        }
        undecided.erase(last.begin(), last.end());
        if (undecided.empty()) return;
    }
    // Where nearly all customers are refused alone, one more is asked alone; if that one is refused as well
    // and so are the others together, they are taken to be refused for the same reason.
    l.split_off = l.refused_alone >= enough_refusals && undecided.size() > 2;
    auto [first, second] =
        l.split_off ? policy::peel(std::move(undecided)) : policy::halve(std::move(undecided));
    // The group that is queued last is sent first.
    lanes_.put_back_now({std::move(second), true}, m);
    lanes_.put_back_now({std::move(first), true}, m);
}

} // namespace offboard::engine
