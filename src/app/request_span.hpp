#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/http/server.hpp"
#include "offboard/telemetry/span.hpp"

namespace offboard::app {

/// The span of a request that has just been answered, by OpenTelemetry's names for HTTP servers. What may be
/// personal is not in it: no path or query as sent, no address of the caller, no header of theirs.
/// `scheme`: http or https, as the listener speaks it.
telemetry::span request_span(const http::exchange_record&, std::string_view scheme, steady_time now);

} // namespace offboard::app
