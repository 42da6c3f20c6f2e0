#include "desk.hpp"

#include "offboard/policy/eta.hpp"
#include "offboard/policy/lane_gate.hpp"

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

std::size_t asks_in(const line::call& call) {
    std::size_t n = 0;
    for (const line::place& p : call)
        n += p.asks.size();
    return n;
}

} // namespace

desk::desk(dispatcher& owner, vendor v, const config::vendor_settings& settings, const shape& form)
    : owner_(owner), vendor_(v), settings_(settings),
      form_(form), backoff_{settings.retry.base, settings.retry.cap},
      pacer_(settings.budget.calls, settings.budget.per),
      breakers_(action_count,
                policy::breaker(policy::breaker::rules{settings.breaker.failures, settings.breaker.open})),
      failed_lines_(action_count), refused_lines_(action_count),
      link_(owner.io_, v, settings, owner.clock_, owner.log_, owner.tracer_, owner.check_),
      timer_(owner.io_) {}

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
        const auto waited = owner_.clock_.today() - a.op->retried_at.value_or(a.op->created_at);
        a.since = owner_.clock_.now() - std::max<duration>(waited, duration::zero());
    }
    a.what().stage = stage::queued;
    lane& l = lane_for(lane_of(*a.op, a.what()));
    seat place = seat_of(*a.op, a.what(), form_.source);
    const std::string& turn = a.op->id;
    l.line.push(turn, std::move(place.fold), std::move(place.who), std::move(a));
    ++waiting_;
}

bool desk::may_send(const lane& l) const noexcept {
    policy::lane_view view;
    view.places = l.line.places();
    view.cap = form_.cap_of(l.key);
    view.in_flight = l.in_flight;
    view.isolated = l.line.has_isolated();
    return policy::may_send(view);
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
    const steady_time now = owner_.clock_.now();
    // Each lane has its turn, and goes to the back when it has sent: none waits behind another's backlog.
    for (auto at = lanes_.begin(); at != lanes_.end() && in_flight_ < settings_.max_in_flight;) {
        lane& l = *at;
        const auto here = at++;
        if (l.line.empty() && l.in_flight == 0) {
            by_key_.erase(l.key.text);
            lanes_.erase(here);
            continue;
        }
        if (!may_send(l)) continue;
        const policy::breaker& b = breaker_of(l.key.what);
        if (!b.may_start(now)) {
            look_at(b.next_try(now));
            continue;
        }
        if (const steady_time ready = pacer_.ready_at(now); ready > now) return look_at(ready);
        // What cannot be written down must not be sent.
        if (!owner_.journal_.trouble().empty()) return look_at(now + journal_pause);
        lanes_.splice(lanes_.end(), lanes_, here);
        if (at == lanes_.end()) at = here;
        send_from(l, now);
    }
}

void desk::send_from(lane& l, steady_time now) {
    const bool apart = l.line.has_isolated();
    line::call call = l.line.take(form_.cap_of(l.key));
    waiting_ -= asks_in(call);
    for (line::place& p : call)
        std::erase_if(p.asks, [](const ask& a) { return !a.valid(); });
    std::erase_if(call, [](const line::place& p) { return p.asks.empty(); });
    if (call.empty()) return;
    for (line::place& p : call)
        for (ask& a : p.asks)
            a.what().stage = stage::in_flight;
    ++l.in_flight;
    ++in_flight_;
    pacer_.started(now);
    const policy::breaker::ticket ticket = breaker_of(l.key.what).started(now);
    owner_.tasks_.spawn("vendor call", run(&l, std::move(call), apart, ticket));
}

std::chrono::seconds desk::eta(std::size_t own) {
    const steady_time now = owner_.clock_.now();
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
    for (const policy::breaker& b : breakers_)
        if (const steady_time next = b.next_try(now); next != steady_time::max())
            here.last_start = std::max(here.last_start, next);
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
    l.line.push_isolated(as_seats(l.key, std::move(group.places)));
}

void desk::restore(const std::vector<journal::past_call>& calls) {
    const steady_time now = owner_.clock_.now();
    const wall_time today = owner_.clock_.today();
    std::vector<policy::budget::spent> held;
    for (const journal::past_call& call : calls) {
        if (call.to != vendor_) continue;
        // When it ended nobody wrote down: at the latest with its timeout, or with the process.
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
    const steady_time now = owner_.clock_.now();
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
    const steady_time now = owner_.clock_.now();
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
    for (std::size_t i = 0; i < action_count; ++i) {
        const auto a = static_cast<action>(i);
        if (vendor_of(a) != vendor_) continue;
        using state = policy::breaker::state;
        const state s = breakers_[i].at(now);
        out.set_breaker(vendor_, a,
                        s == state::closed      ? telemetry::breaker_position::closed
                        : s == state::half_open ? telemetry::breaker_position::half_open
                                                : telemetry::breaker_position::open);
    }
}

void desk::add_breakers(std::vector<breaker_report>& out) const {
    const steady_time now = owner_.clock_.now();
    for (std::size_t i = 0; i < action_count; ++i) {
        const auto a = static_cast<action>(i);
        if (vendor_of(a) == vendor_) out.push_back({a, policy::to_string(breakers_[i].at(now))});
    }
}

} // namespace offboard::dispatch
