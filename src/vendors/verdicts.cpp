#include "verdicts.hpp"

namespace offboard::vendors {

verdict settled(step_status status, outcome_code code, bool retryable, vendor_detail vendor) {
    verdict v;
    v.result = outcome{status, code, retryable, std::move(vendor)};
    return v;
}

verdict credentials_refused(vendor_detail vendor) {
    verdict v = settled(step_status::failed, outcome_code::vendor_auth, true, std::move(vendor));
    v.credentials_refused = true;
    return v;
}

verdict unproven(outcome_code code, vendor_detail vendor) {
    verdict v = settled(step_status::unknown, code, true, std::move(vendor));
    v.may_have_acted = true;
    return v;
}

verdict undivided(outcome_code code, bool may_have_acted, vendor_detail vendor) {
    verdict v = settled(step_status::unknown, code, true, std::move(vendor));
    v.what = next::isolate;
    v.may_have_acted = may_have_acted;
    return v;
}

verdict vendor_fault(const batch& b, vendor_detail vendor) {
    verdict v;
    v.what = next::retry;
    v.may_have_acted = true;
    v.result = rule_of(b.what).resend == resend::once
                   ? lost_outcome()
                   : outcome{step_status::failed, outcome_code::vendor_error, true, {}};
    v.result.vendor = std::move(vendor);
    return v;
}

bool counts_as_ok(step_status s) noexcept {
    return s == step_status::accepted || s == step_status::succeeded || s == step_status::absent ||
           s == step_status::skipped;
}

std::vector<verdict> for_all(const batch& b, const verdict& v) {
    return std::vector<verdict>(b.places.size(), v);
}

} // namespace offboard::vendors
