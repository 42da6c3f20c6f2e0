#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace offboard {

/// The known word that a misspelt one most likely stands for: the one with the fewest characters to insert,
/// delete, replace or swap with their neighbour, when those are at most 3, and at most 1 for a known word of
/// 3 characters, 2 for one of 4 to 7. ASCII letters match in either case, and `-` matches `_`. The earlier
/// one of two that are as near. Nothing when none is near, or the word has more than 64 bytes.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

/// `; did you mean max_batch?`, for the end of a message; empty when no known word is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

} // namespace offboard
