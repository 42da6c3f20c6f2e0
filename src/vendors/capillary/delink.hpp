#pragma once

#include "../answer.hpp"
#include "offboard/vendors/codec.hpp"

#include <vector>

/// Capillary's delink from partner programmes (docs.capillarytech.com, delink customer).
namespace offboard::vendors::capillary {

/// One customer, all programmes of the batch. A mobile travels as an integer, as in the vendor's sample, when
/// that loses nothing; else as a string.
outgoing_request encode_delink(const batch&);

/// Reads both documented shapes of the answer. Programmes are found by their exact names; the customer's own
/// identifiers are not compared, since the vendor rewrites mobiles.
std::vector<verdict> decode_delink(const batch&, unsigned status, const answer&);

} // namespace offboard::vendors::capillary
