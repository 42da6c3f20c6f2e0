#pragma once

#include "offboard/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace offboard::policy {

/// Keeps one kind of log line from becoming a flood: some at once, then one in each `every`. Sans-I/O, one
/// thread; `now` never goes back.
class line_rate {
public:
    static constexpr std::uint32_t at_once = 10;
    static constexpr duration every = std::chrono::seconds(10);

    /// How many were held back since the last that was written, when this one is to be written; nothing when
    /// it is held back as well.
    std::optional<std::uint64_t> pass(steady_time now) {
        const steady_time full_at = full_at_ > now ? full_at_ : now;
        if (full_at - now > every * (at_once - 1)) {
            ++held_back_;
            return std::nullopt;
        }
        full_at_ = full_at + every;
        const std::uint64_t before = held_back_;
        held_back_ = 0;
        return before;
    }

private:
    steady_time full_at_{};
    std::uint64_t held_back_ = 0;
};

} // namespace offboard::policy
