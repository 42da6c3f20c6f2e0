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

packed desk::pack_up(const lane& l, line::call call, bool apart) {
    packed p = pack(l.key, std::move(call), form_.source);
    p.apart = apart;
    for (ask& a : p.left_over)
        push(std::move(a));
    return p;
}

asio::awaitable<void> desk::run(lane* l, line::call call, bool apart, policy::breaker::ticket ticket) {
    // An answer that is complete is dealt with, also while the process is going down.
    co_await asio::this_coro::throw_if_cancelled(false);
    flight way(*this, *l, ticket);
    packed p = pack_up(*l, std::move(call), apart);
    journal::departure leaving = departure_of(p, owner_.clock_.today());
    auto known = co_await owner_.journal_.depart(std::move(leaving));
    // Whoever was cancelled meanwhile is not sent.
    later going{std::move(p.places), apart};
    settlements stopped;
    withdraw(going, stopped);
    if (known.has_error()) {
        // Nothing has left. The pacer's slot stays taken: a call too few is better than one too many.
        way.land();
        put_back_now(std::move(going));
        look_at(owner_.clock_.now() + journal_pause);
        co_await owner_.settle(std::move(stopped), std::nullopt);
        co_return;
    }
    if (going.places.empty()) {
        way.land();
        co_await owner_.settle(std::move(stopped), *known);
        co_return;
    }
    if (stopped.empty()) {
        p.places = std::move(going.places);
    } else {
        owner_.tasks_.spawn("settle at once", owner_.settle(std::move(stopped), std::nullopt));
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

} // namespace offboard::dispatch
