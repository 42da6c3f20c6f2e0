#pragma once

#include "offboard/base/clock.hpp"

#include <cstddef>
#include <cstdint>

namespace offboard::policy {

/// How many places of a queue are served until an operation's `own` last one is, when places are dealt
/// round-robin over `turns` operations (at least this one). `queued` counts the operation's own.
std::size_t places_until(std::size_t queued, std::size_t own, std::size_t turns) noexcept;

/// Calls that `places` take at `cap` places each; at least one.
std::uint64_t calls_for(std::size_t places, std::size_t cap) noexcept;

/// What stands between a customer and its answer, at one vendor.
struct standing {
    std::uint64_t calls = 1;        ///< to be sent until its own has been: calls_for()
    steady_time last_start{};       ///< pacer::forecast(calls), or later where a breaker is open
    std::size_t in_flight = 0;      ///< calls
    std::size_t most_in_flight = 1; ///< the vendor's limit
    duration latency{};             ///< a typical call's; a moving average will do
};

/// The longest Retry-After given. Further away nothing is known any more.
inline constexpr std::chrono::seconds longest_eta{3600};

/// About when the customer is settled, in whole seconds, 1 to longest_eta: for Retry-After of a 202 and of a
/// 503. An estimate: retries and new vendor faults are not foreseen.
std::chrono::seconds eta(const standing&, steady_time now) noexcept;

} // namespace offboard::policy
