#pragma once

#include "../answer.hpp"
#include "offboard/vendors/codec.hpp"

#include <vector>

/// Mention Me's Merchant API (docs.mention-me.com, lapse customers, purge customers). Both calls take the
/// same body and give the same answer.
namespace offboard::vendors::mention_me {

outgoing_request encode_lapse(const batch&, const wire_settings&);
/// A DELETE with a body: HTTP gives that body no meaning of its own, and a proxy on the way may drop it.
outgoing_request encode_purge(const batch&, const wire_settings&);

/// Answers are matched by (type, value), never by position. What is accepted is queued, not done.
std::vector<verdict> decode_customers(const batch&, unsigned status, const answer&, const wire_settings&);

} // namespace offboard::vendors::mention_me
