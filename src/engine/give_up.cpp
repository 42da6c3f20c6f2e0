#include "offboard/engine/give_up.hpp"

#include "offboard/engine/outcomes.hpp"

namespace offboard::engine {

bool is_too_late(const operation& op, const step& s, give_up_rule rule, wall_time today,
                 const vendor_view& vendor) {
    if (!rule.is_over(op, today)) return false;
    const bool tried = s.attempts > 0 || s.history.lost > 0 || s.outcome.code != outcome_code::waiting;
    return tried || !vendor.configured || !vendor.works;
}

outcome outcome_given_up(const step& s, const vendor_view& vendor) {
    if (!vendor.configured) return outcome_at_the_end(s, outcome_code::not_configured);
    return outcome_at_the_end(s, vendor.refuses_credentials ? outcome_code::vendor_auth
                                                            : outcome_code::given_up);
}

} // namespace offboard::engine
