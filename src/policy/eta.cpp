#include "offboard/policy/eta.hpp"

#include <algorithm>

namespace offboard::policy {

std::size_t places_until(std::size_t queued, std::size_t own, std::size_t turns) noexcept {
    const std::size_t others = std::max<std::size_t>(turns, 1) - 1;
    // own · turns, where that does not overflow the queue.
    if (own != 0 && others >= queued / own) return std::max(queued, own);
    return std::max(own, std::min(queued, own * (others + 1)));
}

std::uint64_t calls_for(std::size_t places, std::size_t cap) noexcept {
    const std::size_t in_each = std::max<std::size_t>(cap, 1);
    return std::max<std::uint64_t>(places / in_each + (places % in_each != 0 ? 1 : 0), 1);
}

std::chrono::seconds eta(const standing& s, steady_time now) noexcept {
    const double latency = std::max(std::chrono::duration<double>(s.latency).count(), 0.0);
    const double side_by_side = static_cast<double>(std::max<std::size_t>(s.most_in_flight, 1));
    const double before = static_cast<double>(s.calls) - 1 + static_cast<double>(s.in_flight);
    // A call waits for the pacer or for a free place in flight, whichever takes longer.
    const double for_place = static_cast<double>(static_cast<std::uint64_t>(before / side_by_side)) * latency;
    const double for_start =
        s.last_start > now ? std::chrono::duration<double>(s.last_start - now).count() : 0.0;
    const double total = std::max(for_place, for_start) + latency;
    const double longest = static_cast<double>(longest_eta.count());
    const auto whole = static_cast<std::chrono::seconds::rep>(std::clamp(total, 0.0, longest));
    const std::chrono::seconds up{whole + (static_cast<double>(whole) < total ? 1 : 0)};
    return std::clamp(up, std::chrono::seconds(1), longest_eta);
}

} // namespace offboard::policy
