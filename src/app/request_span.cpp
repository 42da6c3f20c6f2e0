#include "request_span.hpp"

#include <string>

namespace offboard::app {

telemetry::span request_span(const http::exchange_record& r, std::string_view scheme, steady_time now) {
    const bool known = r.method != "other";
    telemetry::span out;
    out.context = r.trace;
    out.kind = telemetry::span::side::server;
    out.begun = now - r.took;
    out.ended = now;
    out.name = known ? r.method : "HTTP";
    if (!r.route.empty()) out.name.append(" ").append(r.route);
    out.note("http.request.method", known ? r.method : "_OTHER");
    if (!r.route.empty()) out.note("http.route", r.route);
    out.note("http.response.status_code", std::int64_t(r.status));
    out.note("url.scheme", scheme);
    out.note("offboard.request_id", r.request_id);
    if (!r.concerning.empty()) out.note("offboard.operation", r.concerning);
    // A caller's fault is an answer like any other (4xx); ours is not.
    out.failed = r.status >= 500;
    if (out.failed) out.note("error.type", std::to_string(r.status));
    return out;
}

} // namespace offboard::app
