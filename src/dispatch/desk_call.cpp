// One call of a vendor's, from leaving the line to what it leaves behind.
#include "desk.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

constexpr bool counts_as_down(unsigned status) {
    return status >= 500;
}

/// No answer counts against the vendor, unless the reason lies with us, or is an answer to another request.
bool counts_as_down(errc why) {
    return why != errc::cancelled && why != errc::token_refused && why != errc::no_resources;
}

/// For the journal: what is in the call.
journal::departure departure_of(const packed& p, wall_time at) {
    journal::departure out;
    out.to = vendor_of(p.batch.what);
    out.at = at;
    for (const line::place& place : p.places)
        for (const ask& a : place.asks)
            out.steps.emplace_back(a.op->id, a.step);
    return out;
}

/// The only customer in a call; empty when there are several.
std::string_view only_customer(const packed& p) {
    return customers_in(p.batch) == 1 ? std::string_view(p.places.front().who) : std::string_view();
}

} // namespace

/// A call's place in the counts, however the call ends.
struct desk::flight {
    flight(desk& d, lane& l, bool apart, policy::breaker::ticket t)
        : at(d), from(l), isolated(apart), tries_credentials(d.kind_of(l.key.what).hold.held()), ticket(t) {}
    flight(const flight&) = delete;
    flight& operator=(const flight&) = delete;
    ~flight() { land(); }

    void land() {
        if (std::exchange(landed, true)) return;
        const steady_time now = at.with_.time.now();
        --(isolated ? from.isolated_in_flight : from.in_flight);
        --at.in_flight_;
        if (isolated) --at.isolated_;
        at.pacer_.finished(now);
        kind_state& kind = at.kind_of(from.key.what);
        if (!judged) kind.breaker.abandoned(ticket);
        if (tries_credentials) kind.hold.abandoned(now);
    }
    /// `down`: the vendor did not do its work; `reason` says why, for the log. `customer`: the only one in
    /// the call; empty when there were several.
    void judge(bool down, std::string_view reason, std::string_view customer) {
        judged = true;
        kind_state& kind = at.kind_of(from.key.what);
        const steady_time now = at.with_.time.now();
        const auto before = kind.breaker.at(now);
        kind.pinged = false;
        if (down) {
            kind.evidence.failed(customer);
            kind.breaker.failed(ticket, now, at.with_.random);
        } else {
            kind.evidence.succeeded();
            kind.breaker.succeeded(ticket);
        }
        if (kind.breaker.at(now) != before) at.tell_breaker(from.key.what, kind.breaker.at(now), reason);
    }

    desk& at;
    lane& from;
    const bool isolated;
    const bool tries_credentials; ///< the probe of a vendor that refused our credentials
    policy::breaker::ticket ticket;
    bool sent = false; ///< something may have left for the vendor
    bool landed = false;
    bool judged = false;
};

packed desk::pack_up(const lane& l, line::call call, bool apart) {
    packed p = pack(l.key, std::move(call), form_.source);
    p.apart = apart;
    for (ask& a : p.left_over)
        push(std::move(a));
    return p;
}

journal::departure desk::departure_now(const packed* p) const {
    // The latest moment at which the call can have ended: what the next process counts the budget from.
    const duration longest = longest_departure + settings_.timeout;
    const wall_time at = with_.time.today() + std::chrono::ceil<std::chrono::milliseconds>(longest);
    if (p) return departure_of(*p, at);
    journal::departure out;
    out.to = vendor_;
    out.at = at;
    return out;
}

asio::awaitable<void> desk::ping(lane* l, policy::breaker::ticket ticket) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const action what = l->key.what;
    flight way(*this, *l, false, ticket);
    const line::place* const front = l->line.any();
    if (!front) co_return;
    const identifier who = *front->asks.front().what().who;
    const steady_time asked = with_.time.now();
    journal::departure leaving = departure_now(nullptr);
    auto known = co_await with_.journal.depart(std::move(leaving));
    const steady_time begun = with_.time.now();
    if (known.has_error() || begun - asked > longest_departure) {
        way.land();
        look_at(begun + journal_pause);
        co_return;
    }
    outgoing_request request = vendors::ping_request(what, who, form_.wire);
    std::string reason;
    http::may_repeat never;
    auto answer =
        co_await link_.call(std::move(request), std::move(never), telemetry::trace_context(), reason);
    if (answer.has_error()) {
        const errc why = to_errc(answer.error());
        if (counts_as_down(why)) way.judge(true, reason, {});
        if (why == errc::token_refused) kind_of(what).hold.refused(link_.version(), with_.time.now());
    } else if (counts_as_down(answer->status)) {
        heed(*answer, false);
        way.judge(true, answered(answer->status), {});
    } else {
        heed(*answer, true);
        kind_of(what).pinged = true; // the breaker stays open until a call for one customer went well
    }
    way.land();
    settlements none;
    co_await with_.operations.settle(std::move(none), *known);
}

asio::awaitable<void> desk::run(lane* l, line::call call, bool apart, policy::breaker::ticket ticket) {
    // An answer that is complete is dealt with, also while the process is going down.
    co_await asio::this_coro::throw_if_cancelled(false);
    flight way(*this, *l, apart, ticket);
    packed p = pack_up(*l, std::move(call), apart);
    const steady_time asked = with_.time.now();
    journal::departure leaving = departure_now(&p);
    auto known = co_await with_.journal.depart(std::move(leaving));
    const steady_time now = with_.time.now();
    // A call that starts later than was written down would be missing in the budget of the next process, and
    // a call that cannot end before this process does would be cut.
    const bool too_late = now - asked > longest_departure || end_by_ - now < settings_.timeout;
    // Steps that were cancelled meanwhile are not sent.
    later going{std::move(p.places), apart};
    settlements stopped;
    withdraw(going, moment::leaving, stopped);
    if (known.has_error()) {
        // Nothing has left. The pacer's slot stays taken: a call too few is better than one too many.
        way.land();
        put_back_now(std::move(going));
        look_at(now + journal_pause);
        co_await with_.operations.settle(std::move(stopped), std::nullopt);
        co_return;
    }
    if (going.places.empty() || too_late) {
        way.land();
        put_back_now(std::move(going));
        if (too_late) look_at(now + journal_pause);
        co_await with_.operations.settle(std::move(stopped), *known);
        co_return;
    }
    if (stopped.empty()) {
        p.places = std::move(going.places);
    } else {
        with_.tasks.spawn("settle at once", with_.operations.settle(std::move(stopped), std::nullopt));
        p = pack_up(*l, std::move(going.places), apart);
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
    co_await with_.operations.settle(std::move(settled), *known);
    pump();
}

asio::awaitable<bool> desk::carry(lane& l, packed& p, flight& way, settlements& settled) {
    const steady_time begun = with_.time.now();
    outgoing_request request = vendors::encode(p.batch, form_.wire);
    std::optional<telemetry::span> span = begin_span(p, request, begun);
    way.sent = true;
    const std::uint64_t used = link_.version();
    std::string reason;
    const telemetry::trace_context place = span ? span->context : telemetry::trace_context();
    // A lost connection is replaced by another call of the line's: each has a start in the budget and in the
    // journal.
    http::may_repeat never;
    auto answer = co_await link_.call(std::move(request), std::move(never), place, reason);
    end_span(std::move(span), answer);

    const duration took = with_.time.now() - begun;
    const std::size_t customers = customers_in(p.batch);
    if (answer.has_error()) {
        const errc why = to_errc(answer.error());
        with_.metrics.count_unanswered(vendor_, p.batch.what, why, took, customers);
        if (why == errc::connection_stale && resend(p, settled)) {
            way.land();
            co_return true;
        }
        if (counts_as_down(why)) way.judge(true, reason, only_customer(p));
        if (why == errc::token_refused) kind_of(p.batch.what).hold.refused(link_.version(), with_.time.now());
        way.land();
        co_return on_failure(p, why, reason, settled);
    }
    latency_ = (latency_ * 7 + took) / 8;
    way.judge(counts_as_down(answer->status), answered(answer->status), only_customer(p));
    with_.metrics.count_answered(vendor_, p.batch.what, answer->status, took, customers);
    on_answer(l, p, *answer, link_.has_token() || link_.version() != used, settled);
    way.land();
    co_return true;
}

} // namespace offboard::dispatch
