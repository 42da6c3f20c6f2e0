#pragma once

#include "offboard/vendors/codec.hpp"

#include <string_view>
#include <vector>

namespace offboard::vendors {

/// The step's outcome is known.
verdict settled(step_status, outcome_code code, bool retryable = false, vendor_detail = {});

/// The vendor refuses our credentials: failed/vendor_auth. An operator's retry may help.
verdict credentials_refused(vendor_detail = {});

/// The vendor has been reached and may have acted, but its answer proves nothing: unknown, and an operator's
/// retry may help.
verdict unproven(outcome_code code, vendor_detail = {});

/// The same, but a smaller call may tell.
verdict undivided(outcome_code code, bool may_have_acted = true, vendor_detail = {});

/// The vendor failed on its side: to be sent again. Where a repeat is harmless the last word is
/// failed/vendor_error; where it is not, the effect is not known, and the last word is
/// unknown/outcome_unknown.
verdict vendor_fault(const batch&, vendor_detail = {});

/// True for what the contract counts as OK, and so opens the gate before an erasure.
bool counts_as_ok(step_status) noexcept;

/// One verdict for each place.
std::vector<verdict> for_all(const batch&, const verdict&);

} // namespace offboard::vendors
