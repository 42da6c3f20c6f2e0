#pragma once

#include "offboard/base/exchange.hpp"

#include <string>

namespace offboard::vendors {

/// What an answer looks like from outside, for a log line about an answer that could not be read:
/// `status 200, application/json, 57 bytes, members accepted errors, 1 unknown`, or
/// `status 200, text/html, 512 bytes, no JSON: syntax error at byte 0`. Never a value and never a name that
/// is not in our list: whatever the vendor wrote, no personal data gets in. At most some 300 characters.
std::string answer_shape(const incoming_response&);

} // namespace offboard::vendors
