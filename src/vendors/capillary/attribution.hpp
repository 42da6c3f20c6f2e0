#pragma once

#include "revoke_entry.hpp"

#include <vector>

namespace offboard::vendors::capillary {

/// Which entry of the answer belongs to which customer. The order of entries is not documented and failed
/// ones carry no identifier, so places prove nothing: an entry is given to a place only when its `entityId`
/// says so, or when every way of dealing the entries out would give the same verdicts. What is left is to be
/// sent again in smaller calls.
std::vector<verdict> attribute(const batch&, const std::vector<entry>&);

} // namespace offboard::vendors::capillary
