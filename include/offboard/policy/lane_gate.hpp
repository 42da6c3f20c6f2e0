#pragma once

#include <cstddef>

namespace offboard::policy {

/// One lane as the rule of sending sees it.
struct lane_view {
    std::size_t places = 0;             ///< distinct places waiting, isolated groups not counted
    std::size_t cap = 1;                ///< places in a full call
    std::size_t in_flight = 0;          ///< ordinary calls of this lane
    bool isolated = false;              ///< a group waits that must be a call of its own
    std::size_t isolated_in_flight = 0; ///< calls of such groups
};

/// May this lane send an ordinary call, as far as the lane itself goes? (The vendor's in-flight limit,
/// breaker and pacer are asked beside it.) An idle lane sends at once; while an ordinary call is in flight
/// customers gather until one is full. No timer: where calls are paced, the pacer's spacing is what gathers
/// them. A group that is sent alone holds no other group back: its call may take as long as the vendor's
/// timeout.
constexpr bool may_send(const lane_view& lane) noexcept {
    if (lane.places == 0) return false;
    return lane.in_flight == 0 || lane.places >= lane.cap;
}

/// May this lane send its next isolated group? One after the other: the answer to the first part of a group
/// may spare the second.
constexpr bool may_send_isolated(const lane_view& lane) noexcept {
    return lane.isolated && lane.isolated_in_flight == 0;
}

} // namespace offboard::policy
