#pragma once

#include "offboard/base/clock.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace offboard::config {

/// `250ms`, `10s`, `5m`, `24h`, `7d`, or a bare `0`: one whole number and one unit.
std::optional<duration> parse_duration(std::string_view text);

/// Bytes: `4096`, `64KiB`, `4MiB`, `1GiB`.
std::optional<std::size_t> parse_size(std::string_view text);

/// The same in the largest unit that needs no fraction; for messages.
std::string show_duration(duration);
std::string show_size(std::size_t);

} // namespace offboard::config
