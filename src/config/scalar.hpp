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

/// The name of `known` that was most likely meant by `name`; empty when none is close. Small words must be
/// closer.
template <class Names>
std::string_view nearest(std::string_view name, const Names& known);

/// How many letters must be put in, taken out, changed or swapped with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b);

template <class Names>
std::string_view nearest(std::string_view name, const Names& known) {
    std::string_view best;
    std::size_t best_distance = 4;
    for (const std::string_view candidate : known) {
        const std::size_t d = edit_distance(name, candidate);
        if (d < best_distance && d <= 1 + candidate.size() / 4) {
            best = candidate;
            best_distance = d;
        }
    }
    return best;
}

} // namespace offboard::config
