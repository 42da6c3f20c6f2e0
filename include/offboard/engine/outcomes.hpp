#pragma once

#include "offboard/domain/step.hpp"

namespace offboard::engine {

outcome outcome_of(step_status status, outcome_code code, bool retryable);

/// True when the step must not be sent again: its action may be sent again once, and two tries had no answer.
bool is_used_up(const step&) noexcept;

/// What a step is settled as when nothing more is tried: `unknown` when an earlier try may have done it, else
/// `failed` with the reason of its last try, or with `code` where there was none. Retryable either way.
outcome outcome_at_the_end(const step&, outcome_code code);

} // namespace offboard::engine
