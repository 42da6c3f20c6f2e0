#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"

#include <algorithm>
#include <cstdint>

namespace offboard::policy {

/// Leaves a vendor alone that does not work: one for each vendor and kind of call. Sans-I/O; owned by the
/// vendor's queue, one thread.
///
/// Closed until `failures` calls in a row fail; open for a time; then one call may try (half-open): its
/// success closes, its failure opens again. Meanwhile customers wait in line; no customer fails because of a
/// breaker.
///
/// What is a failure: no answer (connect, TLS, timeout, connection lost) and any 5xx. Every other answer is a
/// success: a refusal, 400, 401 or 429 shows the vendor at work, so it ends a row of failures and closes a
/// half-open breaker. (401 is the link's business, 429 the budget's.)
///
/// Open lasts `open` the first time and one and a half times `open` after each failed probe, shortened by up
/// to a tenth at random so that replicas do not probe in step. It grows no further: with the defaults a
/// vendor that is back is tried within 15 s, or 25 s if a probe was just running into its 10 s timeout.
///
/// There is no ramp after closing: what has gathered meanwhile leaves through the in-flight limit and the
/// pacer, which know the rate the vendor allows; the pacer never banks more than its small allowance.
class breaker {
public:
    struct rules {
        std::uint32_t failures = 5;
        duration open = std::chrono::seconds(10);
    };
    enum class state : std::uint8_t { closed, open, half_open };

    explicit breaker(rules r) : rules_(r) {}

    bool may_start(steady_time now) const { return next_try(now) <= now; }
    /// When a call may start: `now` if closed; while a probe is out, steady_time::max().
    steady_time next_try(steady_time now) const;
    /// An open breaker lets its probe go now.
    void hasten(steady_time now) {
        if (open_ && !probing_) try_at_ = std::min(try_at_, now);
    }
    /// half_open also once the next call would be the probe.
    state at(steady_time now) const;

    /// Which call a verdict is about. A verdict on a call that started before the breaker last changed counts
    /// for nothing: it speaks of another time.
    using ticket = std::uint64_t;
    /// Exactly one of the three below follows. Without may_start() its verdict counts for nothing.
    ticket started(steady_time now);
    void succeeded(ticket);
    void failed(ticket, steady_time now, random_source&);
    /// Nothing was learned (cancelled, or no call was made after all): a probe's place is free again.
    void abandoned(ticket);

    std::uint64_t trips() const noexcept { return trips_; }

private:
    void trip(steady_time now, random_source&);

    rules rules_;
    ticket age_ = 1; ///< grows with each change; a ticket of another age is stale
    std::uint64_t trips_ = 0;
    std::uint32_t in_a_row_ = 0;
    std::uint32_t failed_probes_ = 0;
    bool open_ = false;
    bool probing_ = false;
    steady_time try_at_{};
};

constexpr const char* to_string(breaker::state s) noexcept {
    switch (s) {
    case breaker::state::closed: return "closed";
    case breaker::state::open: return "open";
    case breaker::state::half_open: return "half_open";
    }
    return "";
}

} // namespace offboard::policy
