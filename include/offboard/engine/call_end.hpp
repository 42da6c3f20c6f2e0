#pragma once

#include "offboard/engine/call_outcome.hpp"
#include "offboard/engine/lanes.hpp"
#include "offboard/engine/vendor_health.hpp"

#include <optional>
#include <vector>

namespace offboard::engine {

/// What the driver knows and the queue does not.
struct conditions {
    std::uint64_t credentials = 0; ///< their version
    bool journal_works = true;     ///< a call that cannot be written down must not be sent
};

/// A call that may start. The driver hands the call back to the queue at each of its stages.
struct started_call {
    lane* from = nullptr; ///< the lane outlives the call
    action what = action::lapse;
    wire_call content;                   ///< empty for a ping
    std::optional<identifier> pinged_by; ///< set: a call without effect, for this identifier
    bool tries_credentials = false;      ///< the probe of a vendor that refused our credentials
    bool judged = false;                 ///< the breaker knows how the call ended
    bool ended = false;
    policy::breaker::ticket ticket{};
    steady_time begun{};
};

/// What the end of a call means for the vendor's health, and for the steps that the call carried. What
/// becomes of the steps is among the effects, or in the lanes again. Owned by the vendor's queue. Pure.
class call_end {
public:
    /// All of it outlives this.
    call_end(lanes& l, vendor_health& h, const shape& form, give_up_rule give_up)
        : lanes_(l), health_(h), shape_(form), give_up_(give_up) {}

    /// True when the call has ended for good; false when the end of the process cut it, and its departure
    /// stays open for the next process.
    bool unanswered(started_call&, errc, const moment&, const conditions&, effects&);
    /// One verdict a place; none for a ping. `renewable`: other credentials or another token may help against
    /// a 401.
    void answered(started_call&, const incoming_response&, std::vector<vendors::verdict>, bool renewable,
                  const moment&, const conditions&, effects&);
    /// A fault of ours ended the call. `sent`: the vendor may have received it.
    void broken(started_call&, bool sent, const moment&, effects&);
    /// The call is no longer in flight. Once however often it is asked for.
    void land(started_call&, steady_time now);
    /// The process is going down: steps that fail stay pending.
    void halt() noexcept { halted_ = true; }

private:
    outcome_rules rules(bool believe_refusal = false) const;
    bool reauthorise(started_call&, bool renewable, const moment&, effects&);
    void sort(started_call&, const incoming_response&, std::vector<vendors::verdict>, const moment&,
              const conditions&, effects&);
    /// `asked`: `due` is when the vendor has asked for the next try.
    void put_back_failed(action, lane_queue::group, bool isolated, steady_time due, bool asked,
                         const moment&);
    void isolate(lane&, lane_queue::group undecided, const moment&, effects&);
    void ping_answered(started_call&, const incoming_response&, const moment&, effects&);

    lanes& lanes_;
    vendor_health& health_;
    const shape& shape_;
    const give_up_rule give_up_;
    bool halted_ = false;
};

} // namespace offboard::engine
