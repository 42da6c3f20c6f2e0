#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"
#include "offboard/domain/action.hpp"
#include "offboard/domain/outcome_code.hpp"
#include "offboard/engine/settlement.hpp"
#include "offboard/policy/breaker.hpp"

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace offboard::engine {

/// When a decision is made, and the chance that it may use. Decisions read no clock.
struct moment {
    steady_time now;
    wall_time today;
    random_source& random;
};

// What happened while a call was dealt with: for log and metrics. No decision depends on an event.

/// A step is tried again because of `code`.
struct step_retried {
    action what = action::lapse;
    outcome_code code = outcome_code::waiting;
};
/// The call had no answer.
struct call_unanswered {};
/// The answer tells of the vendor's state or of our settings rather than of a customer.
struct answer_in_trouble {
    outcome_code code = outcome_code::waiting;
};
struct credentials_refused {};
/// The answer does not tell which customer it means: so many places are sent again in smaller calls.
struct call_split {
    std::size_t undecided = 0;
};
struct breaker_changed {
    action what = action::lapse;
    policy::breaker::state now = policy::breaker::state::closed;
};
/// The vendor counts fewer calls left than the budget does.
struct budget_lowered {
    std::uint64_t left = 0;
    std::uint64_t left_in_budget = 0;
};
/// The vendor asks for a pause in which no call is sent.
struct pause_asked {
    unsigned status = 0;
    duration pause{};
};

using event = std::variant<step_retried, call_unanswered, answer_in_trouble, credentials_refused, call_split,
                           breaker_changed, budget_lowered, pause_asked>;
using events = std::vector<event>;

/// What follows from a call: the news of its steps, to be recorded and shown in this order; and what is told.
struct effects {
    settlements news;
    engine::events events;
};

} // namespace offboard::engine
