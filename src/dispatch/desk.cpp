#include "desk.hpp"

#include "offboard/policy/eta.hpp"
#include "offboard/policy/lane_gate.hpp"

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

using telemetry::word;

namespace {

/// How often a journal that cannot be written is looked at again.
constexpr auto journal_pause = std::chrono::milliseconds(500);

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
    /// `reason`: why it counts as down, for the log.
    void judge(bool down, std::string_view reason) {
        judged = true;
        policy::breaker& b = at.breaker_of(from.key.what);
        const steady_time now = at.owner_.clock_.now();
        const auto before = b.at(now);
        if (down)
            b.failed(ticket, now, at.owner_.random_);
        else
            b.succeeded(ticket);
        if (b.at(now) != before) at.tell_breaker(from.key.what, b.at(now), reason);
    }

    desk& at;
    lane& from;
    policy::breaker::ticket ticket;
    unsigned starts = 1; ///< requests that the vendor may count
    bool sent = false;   ///< something may have left for the vendor
    bool landed = false;
    bool judged = false;
};

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

asio::awaitable<void> desk::run(lane* l, line::call call, bool apart, policy::breaker::ticket ticket) {
    // An answer that is complete is dealt with, also while the process is going down.
    co_await asio::this_coro::throw_if_cancelled(false);
    flight way(*this, *l, ticket);
    packed p = pack(l->key, std::move(call), form_.source);
    p.apart = apart;
    for (ask& a : p.left_over)
        push(std::move(a));
    journal::departure leaving = departure_of(p, owner_.clock_.today());
    auto known = co_await owner_.journal_.depart(std::move(leaving));
    if (known.has_error()) {
        // Nothing has left. The pacer's slot stays taken: a call too few is better than one too many.
        way.land();
        later group{std::move(p.places), apart};
        settlements stopped;
        withdraw(group, stopped);
        put_back_now(std::move(group));
        look_at(owner_.clock_.now() + journal_pause);
        co_await owner_.settle(std::move(stopped), std::nullopt);
        co_return;
    }
    // Whoever was cancelled meanwhile is not sent.
    later going{std::move(p.places), apart};
    settlements cancelled;
    withdraw(going, cancelled);
    if (going.places.empty()) {
        way.land();
        co_await owner_.settle(std::move(cancelled), *known);
        pump();
        co_return;
    }
    if (cancelled.empty()) {
        p.places = std::move(going.places);
    } else {
        co_await owner_.settle(std::move(cancelled), std::nullopt);
        p = pack(l->key, std::move(going.places), form_.source);
        p.apart = apart;
        for (ask& a : p.left_over)
            push(std::move(a));
    }
    settlements settled;
    bool landed = true;
    bool broken = false;
    try {
        landed = co_await carry(*l, p, way, settled);
    } catch (const std::exception& e) {
        tell(telemetry::level::error, "vendor call ended by a fault of ours", p, {{"reason", e.what()}});
        broken = true;
    }
    way.land();
    if (!landed) co_return;
    if (broken) on_bug(p, way.sent, settled);
    co_await owner_.settle(std::move(settled), *known);
    pump();
}

asio::awaitable<bool> desk::carry(lane& l, packed& p, flight& way, settlements& settled) {
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
    std::optional<telemetry::span> span = begin_span(p, request, begun);
    way.sent = true;
    const std::uint64_t used = link_.version();
    std::string reason;
    const telemetry::trace_context place = span ? span->context : telemetry::trace_context();
    auto answer = co_await link_.call(std::move(request), std::move(repeat), place, reason);
    end_span(std::move(span), way.starts, answer);

    const duration took = owner_.clock_.now() - begun;
    const std::size_t customers = customers_in(p.batch);
    if (way.starts > 1) {
        owner_.metrics_.count_unanswered(vendor_, p.batch.what, errc::answer_lost, took, customers);
        note_repeat(p);
    }
    if (answer.has_error()) {
        const errc why = to_errc(answer.error());
        // Refused credentials are an answer of the vendor's, though not to this call.
        if (why != errc::cancelled && why != errc::token_refused) way.judge(true, reason);
        way.land();
        owner_.metrics_.count_unanswered(vendor_, p.batch.what, why, took, customers);
        co_return on_failure(p, why, reason, settled);
    }
    latency_ = (latency_ * 7 + took) / 8;
    way.judge(counts_as_down(answer->status), answered(answer->status));
    way.land();
    owner_.metrics_.count_answered(vendor_, p.batch.what, answer->status, took, customers);
    heed(*answer);
    on_answer(l, p, *answer, link_.has_token() || link_.version() != used, settled);
    co_return true;
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
