#pragma once

#include "store.hpp"

#include "offboard/telemetry/log.hpp"

#include <vector>

namespace offboard::journal::sqlite {

/// How long departures are kept for the budgets of a later process: a day, and an hour for clocks that moved.
inline constexpr std::chrono::hours keep_calls{25};

/// What an earlier process left.
struct inheritance {
    backlog left;
    std::vector<past_call> calls; ///< oldest first
    flight_number last_flight = 0;
};

/// Counts it, and folds departures that never landed into the progress of their steps: each had a try that
/// may have reached the vendor. In the transaction of the caller.
result<inheritance> take_over(database&, store&, telemetry::log&, wall_time now);

} // namespace offboard::journal::sqlite
