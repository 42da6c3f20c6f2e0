#pragma once

#include "../answer.hpp"
#include "offboard/vendors/codec.hpp"

#include <vector>

/// Trackfinity's forget (docs.trackfinity.com, PATCH /customer/forget).
namespace offboard::vendors::billing {

/// One customer, by exactly one lookup key. An empty list of fields to keep is left out: what the vendor
/// makes of an empty one is not documented.
outgoing_request encode_forget(const batch&);

/// Only JSON's `true`, or an object whose `result` is true, under a 2xx is success. A 404 also stands for a
/// wrong path or a bad parameter, so it never means that the customer is gone.
std::vector<verdict> decode_forget(const batch&, unsigned status, const answer&);

} // namespace offboard::vendors::billing
