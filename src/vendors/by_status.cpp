#include "by_status.hpp"

#include "verdicts.hpp"

#include <algorithm>
#include <array>

namespace offboard::vendors {

namespace {

enum class reading {
    settle,     ///< the row's outcome
    later,      ///< not now
    one_of_you, ///< a whole call refused for what may be one place's sake
    our_keys,   ///< our credentials are refused
    fault,      ///< the vendor's side failed
};

/// The first row whose range holds the status decides.
struct row {
    unsigned first;
    unsigned last;
    reading how;
    outcome_code code;
    bool retryable;
};

constexpr std::array rows = {
    row{300, 399, reading::settle, outcome_code::redirected, true},
    row{400, 400, reading::one_of_you, outcome_code::rejected, false},
    row{401, 401, reading::our_keys, outcome_code::vendor_auth, true},
    row{403, 403, reading::our_keys, outcome_code::vendor_auth, true},
    row{404, 404, reading::settle, outcome_code::ambiguous_404, true}, // no such customer, or a wrong host or
                                                                       // path: never `absent`
    row{408, 408, reading::fault, outcome_code::vendor_error, true},
    row{413, 413, reading::one_of_you, outcome_code::rejected, false},
    row{422, 422, reading::one_of_you, outcome_code::rejected, false},
    row{429, 429, reading::later, outcome_code::rate_limited, true},
    row{461, 461, reading::later, outcome_code::rate_limited, true}, // Capillary: the search engine is busy
    row{400, 499, reading::settle, outcome_code::rejected, false},
    row{500, 599, reading::fault, outcome_code::vendor_error, true},
};

verdict one(const batch& b, const row& r, const vendor_detail& vendor) {
    if (r.how == reading::fault) return vendor_fault(b, vendor);
    if (r.how == reading::our_keys) return credentials_refused(vendor);
    verdict v = settled(step_status::failed, r.code, r.retryable, vendor);
    if (r.how == reading::later) v.what = next::later;
    if (r.how == reading::one_of_you && b.places.size() > 1) v.what = next::isolate;
    return v;
}

} // namespace

bool claims_success(unsigned status) noexcept {
    return status >= 200 && status <= 299;
}

std::vector<verdict> by_status(const batch& b, unsigned status, const vendor_detail& vendor) {
    const auto* r = std::find_if(rows.begin(), rows.end(),
                                 [&](const row& at) { return at.first <= status && status <= at.last; });
    if (r == rows.end()) return for_all(b, unproven(outcome_code::unreadable_answer, vendor));
    return for_all(b, one(b, *r, vendor));
}

} // namespace offboard::vendors
