#pragma once

#include "offboard/base/clock.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace offboard::api {

/// The wait that a Retry-After field asks for: seconds, or a date in any of HTTP's three forms. A date counts
/// from `sent`, the answer's own Date, else from our clock. Not below zero; nothing when it cannot be read.
std::optional<std::chrono::seconds> read_retry_after(std::string_view field, std::string_view sent,
                                                     wall_time now);

} // namespace offboard::api
