#pragma once

#include <cstddef>

namespace offboard::policy {

/// One lane as the rule of sending sees it.
struct lane_view {
    std::size_t places = 0;    ///< distinct places waiting, isolated groups not counted
    std::size_t cap = 1;       ///< places in a full call
    std::size_t in_flight = 0; ///< calls of this lane
    bool isolated = false;     ///< a group waits that must be a call of its own
};

/// May this lane send a call, as far as the lane itself goes? (The vendor's in-flight limit, breaker and
/// pacer are asked beside it.) An idle lane sends at once; while a call is in flight customers gather until
/// one is full. No timer: where calls are paced, the pacer's spacing is what gathers them.
constexpr bool may_send(const lane_view& lane) noexcept {
    // One after the other: what the first part's answer teaches may spare the second.
    if (lane.isolated) return lane.in_flight == 0;
    if (lane.places == 0) return false;
    return lane.in_flight == 0 || lane.places >= lane.cap;
}

} // namespace offboard::policy
