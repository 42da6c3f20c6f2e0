#include "desk.hpp"

#include "offboard/policy/eta.hpp"
#include "offboard/policy/lane_gate.hpp"

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

/// The risk of a probe whose next lost answer is its last.
constexpr std::uint64_t last_chance = std::uint64_t(1) << 32;

std::size_t asks_in(const line::call& call) {
    std::size_t n = 0;
    for (const line::place& p : call)
        n += p.asks.size();
    return n;
}

} // namespace

desk::desk(desk_services services, vendor v, const config::vendor_settings& settings, const shape& form)
    : with_(services), vendor_(v), settings_(settings),
      form_(form), backoff_{settings.retry.base, settings.retry.cap},
      pacer_(settings.budget.calls, settings.budget.per),
      kinds_(action_count,
             kind_state(policy::breaker::rules{settings.breaker.failures, settings.breaker.open})),
      link_(with_.clients(v, settings), v, settings, with_.time, with_.log, with_.tracer, with_.check),
      timer_(with_.executor) {}

desk::lane& desk::lane_for(lane_key key) {
    lane*& at = by_key_[key.text];
    if (!at) {
        at = &lanes_.emplace_back();
        at->key = std::move(key);
    }
    return *at;
}

void desk::push(ask a) {
    if (a.since == steady_time{}) {
        // From where give_up_after counts too: an earlier process may have let it wait already.
        const auto waited = with_.time.today() - a.op->retried_at.value_or(a.op->created_at);
        a.since = with_.time.now() - std::max<duration>(waited, duration::zero());
    }
    a.what().stage = stage::queued;
    lane& l = lane_for(lane_of(*a.op, a.what()));
    seat place = seat_of(*a.op, a.what(), form_.source);
    const std::string& turn = a.op->id;
    l.line.push(turn, std::move(place.fold), std::move(place.who), std::move(a));
    ++waiting_;
}

std::uint64_t desk::risk_of(const line::place& p) const {
    std::uint64_t risk = 0;
    for (const ask& a : p.asks) {
        const step& s = a.what();
        const bool last = s.history.lost > 0 && rule_of(s.action).resend == offboard::resend::once;
        risk = std::max<std::uint64_t>(risk, a.failures + (last ? last_chance : 0));
    }
    return risk;
}

bool desk::others_wait(const lane& l, const std::string& customer) const {
    const auto other = [&](const line::place& p) {
        return p.who == customer ? std::uint64_t(1) : risk_of(p);
    };
    return l.line.least(other).value_or(1) == 0;
}

desk::portion desk::may_probe(const lane& l, steady_time now) {
    const auto risk = l.line.least([this](const line::place& p) { return risk_of(p); });
    if (!risk) return portion::nothing;
    if (*risk >= last_chance && now < last_chance_) {
        look_at(last_chance_);
        return portion::nothing;
    }
    return portion::probe;
}

desk::portion desk::may_send(lane& l, steady_time now) {
    if (l.line.empty()) return portion::nothing;
    kind_state& kind = kind_of(l.key.what);
    if (const steady_time free = kind.hold.next_try(link_.version(), now); free > now) {
        look_at(free);
        return portion::nothing;
    }
    policy::breaker& b = kind.breaker;
    // Opened by one customer alone: the others need not wait for the probe's time.
    if (!b.may_start(now) && kind.evidence.of_one() && others_wait(l, kind.evidence.customer()))
        b.hasten(now);
    if (!b.may_start(now)) {
        look_at(b.next_try(now));
        return portion::nothing;
    }
    if (kind.hold.held()) return portion::probe;
    if (b.at(now) != policy::breaker::state::closed) {
        if (!kind.pinged && vendors::has_ping(l.key.what)) return portion::ping;
        return may_probe(l, now);
    }
    policy::lane_view view;
    view.places = l.line.places();
    view.cap = form_.cap_of(l.key);
    view.in_flight = l.in_flight;
    view.isolated = l.line.has_isolated();
    view.isolated_in_flight = l.isolated_in_flight;
    const bool ordinary = policy::may_send(view);
    const bool isolated = policy::may_send_isolated(view) && isolated_ < most_isolated();
    if (isolated && !(ordinary && l.isolated_last)) return portion::isolated;
    return ordinary ? portion::ordinary : portion::nothing;
}

void desk::pump() {
    // A call may end before spawn() returns, and ask for the next one in the middle of this.
    if (std::exchange(pumping_, true)) {
        pump_again_ = true;
        return;
    }
    do {
        pump_again_ = false;
        if (!halted_) send_what_may();
    } while (pump_again_);
    pumping_ = false;
}

void desk::send_what_may() {
    const steady_time now = with_.time.now();
    // Each lane has its turn, and goes to the back when it has sent: none waits behind another's backlog.
    for (auto at = lanes_.begin(); at != lanes_.end() && in_flight_ < settings_.max_in_flight;) {
        lane& l = *at;
        const auto here = at++;
        if (l.line.empty() && l.in_flight == 0 && l.isolated_in_flight == 0) {
            by_key_.erase(l.key.text);
            lanes_.erase(here);
            continue;
        }
        const portion part = may_send(l, now);
        if (part == portion::nothing) continue;
        // What cannot end before the process does is for the next process.
        if (end_by_ - now < settings_.timeout) return;
        if (const steady_time ready = pacer_.ready_at(now); ready > now) return look_at(ready);
        // What cannot be written down must not be sent.
        if (!with_.journal.trouble().empty()) return look_at(now + journal_pause);
        lanes_.splice(lanes_.end(), lanes_, here);
        if (at == lanes_.end()) at = here;
        send_from(l, part, now);
    }
}

line::call desk::take(lane& l, portion part, steady_time now) {
    line::call call;
    switch (part) {
    case portion::nothing:
    case portion::ping: break;
    case portion::ordinary: call = l.line.take_ordinary(form_.cap_of(l.key)); break;
    case portion::isolated: call = l.line.take_isolated(); break;
    case portion::probe:
        call = l.line.take_one([this](const line::place& p) { return risk_of(p); });
        if (!call.empty() && risk_of(call.front()) >= last_chance) last_chance_ = now + last_chance_every;
        break;
    }
    waiting_ -= asks_in(call);
    for (line::place& p : call)
        std::erase_if(p.asks, [](const ask& a) { return !a.valid(); });
    std::erase_if(call, [](const line::place& p) { return p.asks.empty(); });
    return call;
}

void desk::send_from(lane& l, portion part, steady_time now) {
    line::call call = take(l, part, now);
    if (call.empty() && part != portion::ping) return;
    for (line::place& p : call)
        for (ask& a : p.asks)
            a.what().stage = stage::in_flight;
    const bool apart = part == portion::isolated;
    l.isolated_last = apart;
    ++(apart ? l.isolated_in_flight : l.in_flight);
    ++in_flight_;
    if (apart) ++isolated_;
    pacer_.started(now);
    kind_state& kind = kind_of(l.key.what);
    kind.hold.probing();
    const policy::breaker::ticket ticket = kind.breaker.started(now);
    if (part == portion::ping)
        with_.tasks.spawn("vendor ping", ping(&l, ticket));
    else
        with_.tasks.spawn("vendor call", run(&l, std::move(call), apart, ticket));
}

std::chrono::seconds desk::eta(std::size_t own) {
    const steady_time now = with_.time.now();
    policy::standing here;
    here.calls = 0;
    for (const lane& l : lanes_) {
        const std::size_t queued = l.line.places();
        if (l.line.empty()) continue;
        const std::size_t ahead =
            policy::places_until(queued, std::min(own, queued), std::max<std::size_t>(l.line.turns(), 1));
        here.calls += policy::calls_for(ahead, form_.cap_of(l.key));
    }
    here.calls = std::max<std::uint64_t>(here.calls, 1);
    here.last_start = std::max(now, pacer_.forecast(here.calls, now));
    if (!delayed_.empty()) here.last_start = std::max(here.last_start, delayed_.begin()->first);
    for (const kind_state& kind : kinds_) {
        if (const steady_time next = kind.breaker.next_try(now); next != steady_time::max())
            here.last_start = std::max(here.last_start, next);
        if (const steady_time next = kind.hold.next_try(link_.version(), now); next != steady_time::max())
            here.last_start = std::max(here.last_start, next);
    }
    here.in_flight = in_flight_;
    here.most_in_flight = settings_.max_in_flight;
    here.latency = latency_;
    return policy::eta(here, now);
}

void desk::put_back(later group, steady_time due) {
    if (group.places.empty()) return;
    waiting_ += asks_in(group.places);
    for (line::place& p : group.places)
        for (ask& a : p.asks)
            a.what().stage = stage::queued;
    delayed_.emplace(due, std::move(group));
    look_at(due);
}

void desk::put_back_now(later group) {
    // Cancelled, given up or put in line anew meanwhile: nothing may be sent for those.
    const auto gone = [](const ask& a) {
        const step& s = a.what();
        return a.turn != s.turn || (s.stage != stage::queued && s.stage != stage::in_flight);
    };
    for (line::place& p : group.places)
        std::erase_if(p.asks, gone);
    std::erase_if(group.places, [](const line::place& p) { return p.asks.empty(); });
    if (group.places.empty()) return;
    if (!group.apart) {
        for (line::place& p : group.places)
            for (ask& a : p.asks)
                push(std::move(a));
        return;
    }
    const ask& first = group.places.front().asks.front();
    lane& l = lane_for(lane_of(*first.op, first.what()));
    for (line::place& p : group.places)
        for (ask& a : p.asks)
            a.what().stage = stage::queued;
    waiting_ += asks_in(group.places);
    line::call places = as_seats(l.key, std::move(group.places));
    if (group.failed)
        l.line.push_failed(std::move(places));
    else
        l.line.push_isolated(std::move(places));
}

void desk::restore(const std::vector<journal::past_call>& calls) {
    const steady_time now = with_.time.now();
    const wall_time today = with_.time.today();
    std::vector<policy::budget::spent> held;
    for (const journal::past_call& call : calls) {
        if (call.to != vendor_) continue;
        // `at` is when the call had ended at the latest, see departure_now(). Versions before wrote down when
        // it began.
        const duration age = std::max<duration>(today - call.at - settings_.timeout, duration::zero());
        held.push_back({now - age, 1});
    }
    if (!held.empty()) pacer_.restore(std::move(held), now);
}

void desk::look_at(steady_time when) {
    if (when >= look_at_ || halted_) return;
    look_at_ = when;
    timer_.expires_at(when);
    timer_.async_wait([this](boost::system::error_code ec) {
        if (!ec) on_timer();
    });
}

void desk::on_timer() {
    look_at_ = steady_time::max();
    const steady_time now = with_.time.now();
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
        later group = std::move(delayed_.begin()->second);
        delayed_.erase(delayed_.begin());
        waiting_ -= asks_in(group.places);
        put_back_now(std::move(group));
    }
    if (!delayed_.empty()) look_at(delayed_.begin()->first);
    pump();
}

void desk::halt() {
    halted_ = true;
    timer_.cancel();
}

asio::awaitable<void> desk::stop() {
    return link_.stop();
}

void desk::show(telemetry::metrics& out) {
    const steady_time now = with_.time.now();
    steady_time oldest = now;
    for (const lane& l : lanes_)
        l.line.for_each_front([&](const ask& a) { oldest = std::min(oldest, a.since); });
    for (const auto& [due, group] : delayed_)
        for (const line::place& p : group.places)
            oldest = std::min(oldest, p.asks.front().since);
    out.set_queue(vendor_, waiting_, now - oldest);
    out.set_in_flight(vendor_, in_flight_);
    if (!pacer_.unlimited())
        out.set_budget(vendor_, static_cast<double>(pacer_.slots().left(now)),
                       static_cast<double>(pacer_.slots().calls()));
    for (const action a : all_actions) {
        if (vendor_of(a) != vendor_) continue;
        out.set_credentials_refused(vendor_, a, kinds_[static_cast<std::size_t>(a)].hold.held());
        using state = policy::breaker::state;
        const state s = kinds_[static_cast<std::size_t>(a)].breaker.at(now);
        out.set_breaker(vendor_, a,
                        s == state::closed      ? telemetry::breaker_position::closed
                        : s == state::half_open ? telemetry::breaker_position::half_open
                                                : telemetry::breaker_position::open);
    }
}

void desk::add_breakers(std::vector<breaker_report>& out) const {
    const steady_time now = with_.time.now();
    for (const action a : all_actions) {
        if (vendor_of(a) == vendor_)
            out.push_back({a, policy::to_string(kinds_[static_cast<std::size_t>(a)].breaker.at(now))});
    }
}

} // namespace offboard::dispatch
