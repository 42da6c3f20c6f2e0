#pragma once

#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/http/router.hpp"
#include "offboard/telemetry/metrics.hpp"

#include <functional>
#include <string>
#include <vector>

namespace offboard::api {

/// What /readyz tells. Breakers are shown and never make the process unready: its customers wait, they do not
/// fail.
struct readiness {
    std::vector<std::string> reasons; ///< why it wants no traffic, in words of ours; empty: ready
    std::vector<dispatch::breaker_report> breakers;
};

/// The admin listener's routes: GET /livez (the process answers), GET /readyz (it wants traffic; 503 with the
/// reasons when it does not), GET /metrics.
void add_admin_routes(http::router&, std::function<readiness()> ready, telemetry::metrics&);

} // namespace offboard::api
