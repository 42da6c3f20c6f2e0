#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"

#include <cstdint>

namespace offboard::policy {

/// Exponential backoff with full jitter: a uniform draw from (0, min(cap, base·2^tries)].
struct backoff {
    duration base;
    duration cap;
    /// `tries`: how often this has failed before, from 0.
    duration wait(std::uint32_t tries, random_source&) const;
};

} // namespace offboard::policy
