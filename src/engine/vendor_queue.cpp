#include "offboard/engine/vendor_queue.hpp"

#include "offboard/domain/action_rules.hpp"
#include "offboard/policy/eta.hpp"
#include "offboard/policy/lane_gate.hpp"
#include "offboard/vendors/ping.hpp"

#include <algorithm>
#include <utility>

namespace offboard::engine {

namespace {

/// How often a journal that cannot be written is looked at again.
constexpr auto journal_pause = std::chrono::milliseconds(500);

/// Steps whose next lost answer is their last are probes this often at most.
constexpr auto last_chance_every = std::chrono::minutes(1);

/// True when a customer other than this one waits and has never failed.
bool others_wait(const lane& l, const std::string& customer) {
    const auto other = [&](const lane_queue::place& p) {
        return p.identity == customer ? std::uint64_t(1) : probe_risk(p);
    };
    return l.waiting.least(other).value_or(1) == 0;
}

} // namespace

vendor_queue::vendor_queue(const limits& l, const shape& form)
    : limits_(l), shape_(form), health_(l.health), lanes_(form), ends_(lanes_, health_, form, l.give_up) {}

portion vendor_queue::may_probe(const lane& l, steady_time now) {
    const auto risk = l.waiting.least(probe_risk);
    if (!risk) return portion::nothing;
    if (*risk >= last_chance_risk && now < last_chance_) {
        wake(last_chance_);
        return portion::nothing;
    }
    return portion::probe;
}

portion vendor_queue::may_send(lane& l, steady_time now, const conditions& known) {
    if (l.waiting.empty()) return portion::nothing;
    vendor_health::kind& kind = health_.of(l.key.what);
    if (const steady_time free = kind.hold.next_try(known.credentials, now); free > now) {
        wake(free);
        return portion::nothing;
    }
    policy::breaker& b = kind.breaker;
    // Opened by one customer alone: the others need not wait for the probe's time.
    if (!b.may_start(now) && kind.evidence.of_one() && others_wait(l, kind.evidence.customer()))
        b.hasten(now);
    if (!b.may_start(now)) {
        wake(b.next_try(now));
        return portion::nothing;
    }
    if (kind.hold.held()) return portion::probe;
    if (b.at(now) != policy::breaker::state::closed) {
        if (!kind.pinged && vendors::has_ping(l.key.what)) return portion::ping;
        return may_probe(l, now);
    }
    policy::lane_view view;
    view.places = l.waiting.places();
    view.cap = lanes_.cap_of(l);
    view.in_flight = l.in_flight;
    view.isolated = l.waiting.has_isolated();
    view.isolated_in_flight = l.isolated_in_flight;
    const std::size_t most_isolated = std::max<std::size_t>(limits_.most_in_flight / 2, 1);
    const bool ordinary = policy::may_send(view);
    const bool isolated = policy::may_send_isolated(view) && lanes_.isolated_calls() < most_isolated;
    if (isolated && !(ordinary && l.isolated_last)) return portion::isolated;
    return ordinary ? portion::ordinary : portion::nothing;
}

std::optional<started_call> vendor_queue::next(const moment& m, const conditions& known) {
    if (halted_) return std::nullopt;
    if (wake_at_ <= m.now) wake_at_ = steady_time::max();
    lanes_.release_due(m);
    std::optional<started_call> call;
    bool again = true; // what a lane gave was void: it may have more
    while (again && lanes_.calls() < limits_.most_in_flight) {
        again = false;
        // Each lane has its turn, and goes to the back when it has sent: no lane waits behind another's
        // backlog.
        lanes_.in_turn([&](lane& l) {
            const portion part = may_send(l, m.now, known);
            if (part == portion::nothing) return lanes::visit::pass;
            if (!may_start(m, known)) return lanes::visit::stop;
            call = start(l, part, m);
            again = !call;
            return lanes::visit::sent;
        });
    }
    return call;
}

bool vendor_queue::may_start(const moment& m, const conditions& known) {
    // A call that cannot end before the process does is for the next process.
    if (end_by_ - m.now < limits_.timeout) return false;
    steady_time ready = std::max(health_.pacer().ready_at(m.now), paused_until_);
    if (!known.journal_works) ready = std::max(ready, m.now + journal_pause);
    if (ready > m.now) wake(ready);
    return ready <= m.now;
}

std::optional<started_call> vendor_queue::start(lane& l, portion part, const moment& m) {
    started_call call;
    lane_queue::group taken = lanes_.take(l, part);
    if (part == portion::ping)
        call.pinged_by = l.waiting.any()->items.front().what().who;
    else if (taken.empty())
        return std::nullopt;
    call.from = &l;
    call.what = l.key.what;
    call.begun = m.now;
    if (part == portion::probe && probe_risk(taken.front()) >= last_chance_risk)
        last_chance_ = m.now + last_chance_every;
    for (lane_queue::place& p : taken)
        for (queued_step& q : p.items)
            q.what().stage = stage::in_flight;
    const bool isolated = part == portion::isolated;
    if (!call.pinged_by) pack_into(call, std::move(taken), isolated, m);
    call.content.isolated = isolated;
    lanes_.call_begins(l, isolated);
    health_.pacer().started(m.now);
    vendor_health::kind& kind = health_.of(call.what);
    kind.hold.probing();
    call.tries_credentials = kind.hold.held();
    call.ticket = kind.breaker.started(m.now);
    return call;
}

void vendor_queue::pack_into(started_call& call, lane_queue::group taken, bool isolated, const moment& m) {
    call.content = pack(call.from->key, std::move(taken), shape_.source);
    call.content.isolated = isolated;
    for (queued_step& q : call.content.left_over)
        lanes_.push(std::move(q), m);
    call.content.left_over.clear();
}

bool vendor_queue::departed(started_call& call, bool written, const moment& m, effects& out) {
    // A call that starts later than was written down would be missing in the budget of the next process, and
    // a call that cannot end before this process does would be cut.
    const bool too_late = m.now - call.begun > longest_departure || end_by_ - m.now < limits_.timeout;
    const bool isolated = call.content.isolated;
    steps_put_back going{std::move(call.content.places), isolated};
    const std::size_t told_before = out.news.size();
    withdraw_cancelled(going.places, withdrawal::before_call, out);
    const bool empty = !call.pinged_by && going.places.empty();
    if (!written || too_late || empty) {
        // Nothing has left. The pacer's start stays taken: a call too few is better than one too many.
        ends_.land(call, m.now);
        lanes_.put_back_now(std::move(going), m);
        if (!written || too_late) wake(paused_until_ = m.now + journal_pause);
        return false;
    }
    if (out.news.size() == told_before)
        call.content.places = std::move(going.places);
    else
        pack_into(call, std::move(going.places), isolated, m);
    call.begun = m.now;
    return true;
}

void vendor_queue::restore(const std::vector<wall_time>& ended, const moment& m) {
    std::vector<policy::budget::spent> spent;
    for (const wall_time at : ended) {
        const duration age = std::max<duration>(m.today - at, duration::zero());
        spent.push_back({m.now - age, 1});
    }
    if (!spent.empty()) health_.pacer().restore(std::move(spent), m.now);
}

std::chrono::seconds vendor_queue::eta(const moment& m, const conditions& known, std::size_t own) {
    const steady_time now = m.now;
    policy::standing here;
    here.calls = 0;
    for (const lane& l : lanes_.all()) {
        if (l.waiting.empty()) continue;
        const std::size_t queued = l.waiting.places();
        const std::size_t ahead =
            policy::places_until(queued, std::min(own, queued), std::max<std::size_t>(l.waiting.turns(), 1));
        here.calls += policy::calls_for(ahead, lanes_.cap_of(l));
    }
    here.calls = std::max<std::uint64_t>(here.calls, 1);
    here.last_start = std::max(now, health_.pacer().forecast(here.calls, now));
    if (const steady_time due = lanes_.next_due(); due != steady_time::max())
        here.last_start = std::max(here.last_start, due);
    for (const vendor_health::kind& kind : health_.kinds()) {
        if (const steady_time next = kind.breaker.next_try(now); next != steady_time::max())
            here.last_start = std::max(here.last_start, next);
        if (const steady_time next = kind.hold.next_try(known.credentials, now); next != steady_time::max())
            here.last_start = std::max(here.last_start, next);
    }
    here.in_flight = lanes_.calls();
    here.most_in_flight = limits_.most_in_flight;
    here.latency = health_.latency();
    return policy::eta(here, now);
}

action_wait vendor_queue::wait_of(action a, steady_time now, const conditions& known) {
    const vendor_health::kind& kind = health_.of(a);
    if (kind.hold.held()) return {waiting_for::credentials, kind.hold.next_try(known.credentials, now)};
    if (kind.breaker.at(now) != policy::breaker::state::closed)
        return {waiting_for::breaker, kind.breaker.next_try(now)};
    if (!known.journal_works) return {waiting_for::disk, steady_time::max()};
    const steady_time ready = health_.pacer().ready_at(now);
    if (ready > now) return {waiting_for::budget, ready};
    return {waiting_for::slot, steady_time::max()};
}

vendor_view vendor_queue::view_of(action a, steady_time now) const {
    const vendor_health::kind& kind = health_.of(a);
    return {true, kind.works(now), kind.hold.held()};
}

} // namespace offboard::engine
