#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace offboard::vendors {

/// A date in one of the three forms of RFC 9110 section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, RFC 850's
/// `Sunday, 06-Nov-94 08:49:37 GMT`, and asctime's `Sun Nov  6 08:49:37 1994`. The name of the day is not
/// checked against the date. A year of two digits is the one that is at most 50 years after `today`. Nothing
/// for any other text.
std::optional<std::chrono::sys_seconds> http_date(std::string_view, std::chrono::sys_seconds today) noexcept;

} // namespace offboard::vendors
