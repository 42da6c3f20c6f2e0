#include "desk.hpp"

#include "offboard/policy/eta.hpp"
#include "offboard/policy/lane_gate.hpp"

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

using telemetry::word;

namespace {

std::size_t asks_in(const line::call& call) {
    std::size_t n = 0;
    for (const line::place& p : call)
        n += p.asks.size();
    return n;
}

constexpr bool counts_as_down(unsigned status) {
    return status >= 500;
}

} // namespace

/// A call's place in the counts, however the call ends.
struct desk::flight {
    flight(desk& d, lane& l, policy::breaker::ticket t) : at(d), from(l), ticket(t) {}
    flight(const flight&) = delete;
    flight& operator=(const flight&) = delete;
    ~flight() { land(); }

    void land() {
        if (std::exchange(landed, true)) return;
        --from.in_flight;
        --at.in_flight_;
        for (; starts > 0; --starts)
            at.pacer_.finished(at.owner_.clock_.now());
        if (!judged) at.breaker_of(from.key.what).abandoned(ticket);
    }
    void judge(bool down) {
        judged = true;
        policy::breaker& b = at.breaker_of(from.key.what);
        if (down)
            b.failed(ticket, at.owner_.clock_.now(), at.owner_.random_);
        else
            b.succeeded(ticket);
    }

    desk& at;
    lane& from;
    policy::breaker::ticket ticket;
    unsigned starts = 1; ///< requests that the vendor may count
    bool landed = false;
    bool judged = false;
};

desk::desk(dispatcher& owner, vendor v, const config::vendor_settings& settings, const shape& form)
    : owner_(owner), vendor_(v), settings_(settings),
      form_(form), backoff_{settings.retry.base, settings.retry.cap},
      pacer_(settings.budget.calls, settings.budget.per),
      breakers_(action_count,
                policy::breaker(policy::breaker::rules{settings.breaker.failures, settings.breaker.open})),
      link_(owner.io_, v, settings, owner.clock_, owner.log_), timer_(owner.io_) {}

void desk::push(ask a) {
    if (a.since == steady_time{}) a.since = owner_.clock_.now();
    lane_key key = lane_of(*a.op, a.what());
    lane*& at = by_key_[key.text];
    if (!at) {
        at = &lanes_.emplace_back();
        at->key = std::move(key);
    }
    seat place = seat_of(*a.op, a.what(), form_.source);
    const std::string& turn = a.op->id;
    at->line.push(turn, std::move(place.fold), std::move(place.who), std::move(a));
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
        lanes_.splice(lanes_.end(), lanes_, here);
        if (at == lanes_.end()) at = here;
        send_from(l, now);
    }
}

void desk::send_from(lane& l, steady_time now) {
    line::call call = l.line.take(form_.cap_of(l.key));
    waiting_ -= asks_in(call);
    ++l.in_flight;
    ++in_flight_;
    pacer_.started(now);
    owner_.tasks_.spawn("vendor call", run(&l, std::move(call), breaker_of(l.key.what).started(now)));
}

asio::awaitable<void> desk::run(lane* l, line::call call, policy::breaker::ticket ticket) {
    // An answer that is complete is dealt with, also while the process is going down.
    co_await asio::this_coro::throw_if_cancelled(false);
    flight way(*this, *l, ticket);
    packed p = pack(l->key, std::move(call), form_.source);
    for (ask& a : p.left_over)
        push(std::move(a));
    const steady_time begun = owner_.clock_.now();
    outgoing_request request = vendors::encode(p.batch, form_.wire);
    // A dead pooled connection is replaced only where a second request does no harm, needs no note of the
    // first, and has a start in the budget.
    const bool harmless = std::ranges::all_of(p.batch.places, [&](const vendors::place& place) {
        return vendors::repeat_rule(p.batch.what, place) == vendors::repeat::freely && place.earn_ids.empty();
    });
    http::may_repeat repeat = [this, harmless, &way] {
        const steady_time now = owner_.clock_.now();
        if (!harmless || !pacer_.ready(now)) return false;
        pacer_.started(now);
        ++way.starts;
        return true;
    };
    auto answer = co_await link_.call(std::move(request), std::move(repeat));

    const duration took = owner_.clock_.now() - begun;
    settlements settled;
    if (way.starts > 1) {
        owner_.metrics_.count_unanswered(vendor_, p.batch.what, errc::answer_lost, took,
                                         p.batch.places.size());
        note_repeat(p);
    }
    if (answer.has_value()) {
        latency_ = (latency_ * 7 + took) / 8;
        way.judge(counts_as_down(answer->status));
        way.land();
        owner_.metrics_.count_answered(vendor_, p.batch.what, answer->status, took, p.batch.places.size());
        heed(*answer);
        on_answer(*l, p, *answer, settled);
    } else {
        const errc why = to_errc(answer.error());
        // Refused credentials are an answer of the vendor's, though not to this call.
        if (why != errc::cancelled && why != errc::token_refused) way.judge(true);
        way.land();
        owner_.metrics_.count_unanswered(vendor_, p.batch.what, why, took, p.batch.places.size());
        on_failure(p, why, settled);
    }
    if (!settled.empty()) co_await owner_.settle(std::move(settled));
    pump();
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
        ask a = std::move(delayed_.begin()->second);
        delayed_.erase(delayed_.begin());
        --waiting_;
        push(std::move(a));
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
    for (const auto& [due, a] : delayed_)
        oldest = std::min(oldest, a.since);
    out.set_queue(vendor_, waiting_, now - oldest);
    out.set_in_flight(vendor_, in_flight_);
    out.set_budget_left(vendor_, static_cast<double>(pacer_.slots().left(now)));
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
