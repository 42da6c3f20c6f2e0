#pragma once

#include "../answer.hpp"
#include "offboard/vendors/codec.hpp"

#include <vector>

/// Mention Me's Merchant API (docs.mention-me.com, lapse customers).
namespace offboard::vendors::mention_me {

outgoing_request encode_lapse(const batch&, const wire_settings&);

/// Answers are matched by (type, value), never by position. What is accepted is queued, not done.
std::vector<verdict> decode_lapse(const batch&, unsigned status, const answer&, const wire_settings&);

} // namespace offboard::vendors::mention_me
