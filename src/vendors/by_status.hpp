#pragma once

#include "offboard/vendors/codec.hpp"

#include <vector>

namespace offboard::vendors {

/// The verdicts when the body decides nothing: what the HTTP status alone says, the same for every vendor. A
/// status that claims success without a body that shows it proves nothing (unknown/unreadable_answer).
std::vector<verdict> by_status(const batch&, unsigned status, const vendor_detail& = {});

/// True for 200 to 299.
bool claims_success(unsigned status) noexcept;

} // namespace offboard::vendors
