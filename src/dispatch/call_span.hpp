#pragma once

#include "offboard/base/error.hpp"
#include "offboard/base/exchange.hpp"
#include "offboard/domain/vendor.hpp"
#include "offboard/telemetry/span.hpp"

namespace offboard::dispatch {

/// What a span of an exchange with a vendor says of the request, by OpenTelemetry's conventions for HTTP
/// clients. Targets are literals of the codecs: what is about a customer stands in the body.
void tell_request(telemetry::span&, vendor, const base_url&, const outgoing_request&, steady_time begun);

/// And of what came of it.
void tell_answer(telemetry::span&, const result<incoming_response>&, steady_time ended);

} // namespace offboard::dispatch
