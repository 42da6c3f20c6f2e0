#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/http/server.hpp"
#include "offboard/telemetry/span.hpp"

namespace offboard::app {

/// The span of a request that has just been answered, by OpenTelemetry's names for HTTP servers. What may be
/// personal is not in it: no path or query as sent, no address of the caller, no header of theirs.
telemetry::span request_span(const http::exchange_record&, steady_time now);

} // namespace offboard::app
