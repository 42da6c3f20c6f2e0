#include "offboard/engine/outcomes.hpp"

#include "offboard/domain/action_rules.hpp"
#include "offboard/vendors/codec.hpp"

namespace offboard::engine {

outcome outcome_of(step_status status, outcome_code code, bool retryable) {
    outcome o;
    o.status = status;
    o.code = code;
    o.retryable = retryable;
    return o;
}

bool is_used_up(const step& s) noexcept {
    return s.history.lost >= 2 && rule_of(s.action).resend == resend::once;
}

outcome outcome_at_the_end(const step& s, outcome_code code) {
    if (s.history.in_doubt) return vendors::lost_outcome();
    // Why it was being tried again says more than that it no longer is.
    const bool tried = s.outcome.code != outcome_code::waiting;
    return outcome_of(step_status::failed, tried ? s.outcome.code : code, true);
}

} // namespace offboard::engine
