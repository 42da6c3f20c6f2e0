#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/domain/action_rules.hpp"
#include "offboard/domain/operation.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace offboard::engine {

/// What a pending step waits for. `nothing`: it is in a call, or its next try has a time.
enum class waiting_for : std::uint8_t {
    nothing,
    order,       ///< a gate: other steps of the customer come first
    slot,        ///< one of the calls that may be in flight at once
    budget,      ///< the next start that the vendor's budget has
    breaker,     ///< the vendor does not work
    credentials, ///< the vendor refuses our credentials
    backlog,     ///< the operation is not in memory yet
    disk,        ///< the journal cannot be written
};
std::string_view to_string(waiting_for) noexcept;

/// What the steps of one action wait for at a moment, once they are in their vendor's queue.
struct action_wait {
    waiting_for what = waiting_for::slot;
    steady_time next = steady_time::max(); ///< when a call may start again, if that is known
};

/// What the steps of one operation wait for at a moment. A value.
struct waiting_view {
    struct answer {
        waiting_for what = waiting_for::nothing;
        std::optional<wall_time> next_attempt_at;
    };
    answer of(const step&) const;

    steady_time now{};
    wall_time today{};
    bool parked = false;
    std::array<action_wait, action_count> by_action{};
};

} // namespace offboard::engine
