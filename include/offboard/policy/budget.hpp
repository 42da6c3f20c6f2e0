#pragma once

#include "offboard/base/clock.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace offboard::policy {

/// "Not before something else happens": a call has to end first.
inline constexpr steady_time never = steady_time::max();

/// What a vendor's answer says of its own count (X-RateLimit-Limit, -Remaining, -Reset as a delta). Each part
/// may be missing.
struct vendor_count {
    std::optional<std::uint64_t> limit;
    std::optional<std::uint64_t> remaining;
    std::optional<duration> reset_in;
};

/// The calls one credential may start: at most `calls` in any sliding window of length `per`, as the vendor
/// counts them. Sans-I/O; owned by the vendor's queue, one thread; `now` never goes back between calls.
///
/// The vendor counts a call at a moment between our first byte and its answer. This moment is not known. So a
/// call holds its slot from started() until `window()` after finished(): two calls that share a window of the
/// vendor's then always share one of ours, whatever the network did to either. No allowance for jitter is
/// needed beyond that; the price is one latency per window.
///
/// Bounded: up to 1,024 calls a window each end is remembered; above that, ends within a 512th of the window
/// are remembered as one, at the last of them (a slot may return that much late, never early).
///
/// The vendor's word corrects ours downwards only, until its reset.
class budget {
public:
    /// `calls` 1 to 1e9; `per` above zero.
    budget(std::uint64_t calls, duration per);

    bool may_start(steady_time now) const { return left(now) > 0; }
    /// Calls that may start at this moment.
    std::uint64_t left(steady_time now) const;
    /// The earliest time one more call may start; `never` while too many slots are held by calls in flight.
    steady_time next_start(steady_time now) const;

    /// Exactly one finished() follows each started(), also for a call that failed or was cancelled.
    void started(steady_time now);
    /// The answer is here, or the connection is closed: the vendor has counted the call by now or never will.
    void finished(steady_time now);

    /// After finished() of the call that was answered. Calls in flight may or may not be in the vendor's
    /// count; they are taken not to be.
    void observe(const vendor_count&, steady_time now);
    /// 429 or Retry-After: nothing starts before `until`.
    void hold(steady_time until, steady_time now);

    /// For the pacer: the steepest steady rate, in calls a second, that never runs into a lack of slots when
    /// `banked` calls (at most left()) may start at any time on top. Linear in what is remembered.
    double pace(double banked, steady_time now) const;
    /// When pace() or left() next changes by time alone; `never` if it does not.
    steady_time next_change(steady_time now) const;

    /// `calls`, or the vendor's own limit where that is lower.
    std::uint64_t calls() const noexcept { return limit_; }
    /// How long a slot is held after its call: `per` and a thousandth. Two clocks slewed in opposite
    /// directions at NTP's utmost, 500 ppm each, drift apart by no more than that.
    duration window() const noexcept { return window_; }
    std::uint64_t in_flight() const noexcept { return in_flight_; }

    /// Slots that return `window()` after `ended`.
    struct spent {
        steady_time ended;
        std::uint64_t slots;
    };
    /// For the journal: what is held now; calls in flight as if they ended now. Oldest first.
    std::vector<spent> held(steady_time now) const;
    /// After a restart, before the first start. For calls of which only the start is known, `ended` is the
    /// latest time the vendor may have seen them (start and timeout, or now). Any order.
    void restore(std::vector<spent>);

private:
    struct run {
        steady_time first; ///< end of the first call in it
        steady_time last;
        std::uint64_t slots;
    };
    /// The vendor's word: so many more starts until then.
    struct ceiling {
        steady_time until;
        std::uint64_t left;
    };

    void forget(steady_time now);
    void add(steady_time ended, std::uint64_t slots);
    std::uint64_t used(steady_time now) const;
    std::uint64_t own_left(steady_time now) const;
    bool held_back(steady_time now) const noexcept { return ceiling_ && now < ceiling_->until; }
    bool on_hold(steady_time now) const noexcept { return now < hold_until_; }

    std::uint64_t calls_;
    std::uint64_t limit_;
    duration per_;
    duration window_;
    duration grain_;
    std::deque<run> ended_;
    std::uint64_t ended_slots_ = 0;
    std::uint64_t in_flight_ = 0;
    std::optional<ceiling> ceiling_;
    steady_time hold_until_{}; ///< apart from the ceiling: no other answer's word ends it
};

} // namespace offboard::policy
