#pragma once

#include "../answer.hpp"
#include "offboard/vendors/codec.hpp"

#include <vector>

/// Capillary's bulk revoke (docs.capillarytech.com, revoke loyalty promotions).
namespace offboard::vendors::capillary {

/// `earnIds` is absent where a place names no earns: that revokes them all. An empty list is never sent: no
/// document says what the vendor does with one.
outgoing_request encode_revoke(const batch&);

/// The body is read before the HTTP status, which the vendor's documents leave open for failed entries.
std::vector<verdict> decode_revoke(const batch&, unsigned status, const answer&);

} // namespace offboard::vendors::capillary
