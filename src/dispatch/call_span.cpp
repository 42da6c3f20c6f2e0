#include "call_span.hpp"

#include "offboard/telemetry/metrics.hpp"

namespace offboard::dispatch {

void tell_request(telemetry::span& out, vendor to, const base_url& base, const outgoing_request& request,
                  steady_time begun) {
    const std::string target = request.target.substr(0, request.target.find('?'));
    out.kind = telemetry::span::side::client;
    out.begun = begun;
    out.name = request.method + " " + base.path + target;
    out.note("http.request.method", request.method);
    out.note("url.template", base.path + target);
    out.note("url.full", base.text + target);
    out.note("server.address", base.host);
    out.note("server.port", std::int64_t(base.port));
    out.note("offboard.vendor", to_string(to));
}

void tell_answer(telemetry::span& out, const result<incoming_response>& answer, steady_time ended) {
    out.ended = ended;
    if (answer.has_error()) {
        out.failed = true;
        out.note("error.type", telemetry::reason_of(to_errc(answer.error())).text());
        return;
    }
    out.note("http.response.status_code", std::int64_t(answer->status));
    out.failed = answer->status >= 400;
    if (out.failed) out.note("error.type", std::to_string(answer->status));
}

} // namespace offboard::dispatch
