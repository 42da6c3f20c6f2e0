#pragma once

#include "offboard/domain/operation.hpp"
#include "offboard/domain/vendor.hpp"

#include <bitset>
#include <string_view>
#include <vector>

namespace offboard {

/// What a vendor still holds of the customers of an operation, and why.
struct remainder {
    offboard::vendor vendor = offboard::vendor::mention_me;
    std::string_view holds; ///< `profile`, or a field that was kept; lives as long as the operation
    std::string_view because;
};

/// What is left at the vendors after the operation as it stands, by its plan and its outcomes. Never less
/// than may be true: what is not proven to be gone for every customer is still there. Empty only where every
/// vendor of `configured` (by number) was asked to erase, and said that it did or that the person is not
/// there.
std::vector<remainder> what_remains(const operation&, const std::bitset<vendor_count>& configured);

} // namespace offboard
