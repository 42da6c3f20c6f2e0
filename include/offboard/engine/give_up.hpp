#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/domain/operation.hpp"

namespace offboard::engine {

/// After how long an operation is given up: no step of the operation is tried again then. An operator's retry
/// starts the time anew.
struct give_up_rule {
    duration after{};
    bool is_over(const operation& op, wall_time today) const {
        return today - op.retried_at.value_or(op.created_at) >= after;
    }
};

/// What a step's vendor looks like to a step that may have to be given up.
struct vendor_view {
    bool configured = false;
    bool works = false;               ///< the breaker is closed and the credentials are not refused
    bool refuses_credentials = false; ///< for the step's action
};

/// True when the step is not to be tried again. A step that has never been tried is still sent once while its
/// vendor works.
bool is_too_late(const operation&, const step&, give_up_rule, wall_time today, const vendor_view&);

/// What a step that is given up is settled as.
outcome outcome_given_up(const step&, const vendor_view&);

} // namespace offboard::engine
