#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/domain/vendor.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace offboard::config {

/// Where spans go, by OTLP over HTTP in JSON.
struct tracing_settings {
    base_url collector; ///< tracing.otlp.url: its path is the whole target
    std::string roots;  ///< what ca_file holds, in PEM; empty: the system's
    /// What headers_file holds, by name: sent with each export.
    std::vector<std::pair<std::string, secret>> headers;
    duration timeout = std::chrono::seconds(10); ///< of one export; 100ms to 1m
    double sample = 1;                           ///< the share of traces begun here that is taken, 0 to 1
};

} // namespace offboard::config
