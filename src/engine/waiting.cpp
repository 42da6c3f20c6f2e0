#include "offboard/engine/waiting.hpp"

#include <chrono>

namespace offboard::engine {

std::string_view to_string(waiting_for w) noexcept {
    switch (w) {
    case waiting_for::nothing: return "";
    case waiting_for::order: return "order";
    case waiting_for::slot: return "slot";
    case waiting_for::budget: return "budget";
    case waiting_for::breaker: return "breaker";
    case waiting_for::credentials: return "credentials";
    case waiting_for::backlog: return "backlog";
    case waiting_for::disk: return "disk";
    }
    return "";
}

waiting_view::answer waiting_view::of(const step& s) const {
    if (is_settled(s.outcome.status)) return {};
    if (parked) return {waiting_for::backlog, std::nullopt};
    const auto at = [this](steady_time t) -> std::optional<wall_time> {
        if (t == steady_time::max() || t <= now) return std::nullopt;
        return today + std::chrono::ceil<wall_time::duration>(t - now);
    };
    switch (s.stage) {
    case stage::held: return {waiting_for::order, std::nullopt};
    case stage::in_flight:
    case stage::deciding: return {};
    case stage::queued: break;
    }
    const action_wait& w = by_action[static_cast<std::size_t>(s.action)];
    const bool backs_off = s.due > now && (w.next == steady_time::max() || s.due >= w.next);
    if (backs_off) return {waiting_for::nothing, at(s.due)};
    return {w.what, at(w.next)};
}

} // namespace offboard::engine
