#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"

#include <string>
#include <string_view>

namespace offboard {

/// 26 characters of Crockford base32: 48 bits of wall time in milliseconds, then 80 random bits.
/// Names operations and requests; sorts by time, tells nothing about anybody.
std::string make_ulid(wall_time, random_source&);

/// True for 26 characters of the alphabet, upper case, whose time fits 48 bits.
bool is_ulid(std::string_view) noexcept;

} // namespace offboard
