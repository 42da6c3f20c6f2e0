#pragma once

#include "offboard/engine/batching.hpp"
#include "offboard/engine/call_end.hpp"
#include "offboard/engine/lanes.hpp"
#include "offboard/engine/vendor_health.hpp"
#include "offboard/engine/waiting.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace offboard::engine {

/// One vendor's queue: which steps wait, which call may start next and when, and what a call's end means for
/// its steps. Owned by the vendor's driver. Pure: it reads no clock, sends nothing and logs nothing.
///
/// A lane with nothing in flight sends at once. While one of its calls is in flight, steps gather; a full
/// call goes as soon as the vendor's in-flight limit has room. Before a call goes, the pacer must have a
/// start for it (one budget for all lanes, retries included), the breaker of its action must be closed, the
/// vendor must not have refused our credentials for it, and the journal must be able to write it down.
///
/// A call that fails as a whole is sent again with the same customers alone, and in two halves when it fails
/// again: one customer at whom the vendor fails costs the others a few calls. While the breaker is open or
/// the credentials are refused, a call is a probe: it has one customer, one that has not failed yet if there
/// is one.
class vendor_queue {
public:
    struct limits {
        vendor_health::rules health;
        give_up_rule give_up;
        std::size_t most_in_flight = 1; ///< calls
        duration timeout{};             ///< of a call
    };
    /// The shape outlives the queue.
    vendor_queue(const limits&, const shape&);

    /// Adds a step. The next() that follows may send it.
    void push(queued_step q, const moment& m) { lanes_.push(std::move(q), m); }
    /// The call that may start now; nothing when none may. Ask again after each call, and at wake_at().
    std::optional<started_call> next(const moment&, const conditions&);
    /// When next() is to be asked again although nothing has happened; steady_time::max() for never.
    steady_time wake_at() const { return std::min(wake_at_, lanes_.next_due()); }

    /// The journal has written the call down, or could not. False: the call does not leave, and has ended;
    /// what was cancelled meanwhile is among the effects.
    bool departed(started_call&, bool written, const moment&, effects&);
    /// How a call that has left ends: exactly one of its functions follows departed().
    call_end& ends() noexcept { return ends_; }

    /// From now on a call starts only if it can end before `end`, with its timeout.
    void end_by(steady_time end) noexcept { end_by_ = end; }
    /// Nothing is sent any more: next() gives nothing, and what fails stays pending.
    void halt() noexcept {
        halted_ = true;
        ends_.halt();
    }
    /// Calls of an earlier process, by when each had ended at the latest. Before the first next().
    void restore(const std::vector<wall_time>& ended, const moment&);

    /// About when a customer with `own` steps here is settled; everything that waits for the default.
    std::chrono::seconds eta(const moment&, const conditions&, std::size_t own = std::size_t(-1));
    vendor_view view_of(action, steady_time now) const;
    /// What the steps of the action wait for that are not in a call.
    action_wait wait_of(action, steady_time now, const conditions&);
    const vendor_health& health() const noexcept { return health_; }
    std::size_t calls_in_flight() const noexcept { return lanes_.calls(); }
    const lanes& waiting() const noexcept { return lanes_; }

    /// A departure that takes the journal longer does not leave: it would start later than was written down.
    static constexpr auto longest_departure = std::chrono::seconds(2);

private:
    void wake(steady_time t) { wake_at_ = std::min(wake_at_, t); }
    portion may_send(lane&, steady_time now, const conditions&);
    portion may_probe(const lane&, steady_time now);
    bool may_start(const moment&, const conditions&);
    std::optional<started_call> start(lane&, portion, const moment&);
    void pack_into(started_call&, lane_queue::group, bool isolated, const moment&);

    const limits limits_;
    const shape& shape_;
    vendor_health health_;
    lanes lanes_;
    call_end ends_;
    steady_time wake_at_ = steady_time::max();
    steady_time paused_until_{}; ///< the journal failed: no call before
    steady_time end_by_ = steady_time::max();
    steady_time last_chance_{}; ///< no such probe before, see last_chance_every
    bool halted_ = false;
};

} // namespace offboard::engine
