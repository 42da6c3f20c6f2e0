#pragma once

#include "offboard/base/random.hpp"

#include <string>
#include <string_view>

namespace offboard::telemetry {

/// The `traceparent` (W3C Trace Context) of our own span: the caller's trace carried on when `incoming` is a
/// valid field, else a new, unsampled trace.
std::string continue_trace(std::string_view incoming, random_source&);

} // namespace offboard::telemetry
