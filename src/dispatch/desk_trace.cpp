// What a vendor call tells of itself, in log lines and as a span.
#include "call_span.hpp"
#include "desk.hpp"

#include "offboard/vendors/shape.hpp"

#include <unordered_set>

namespace offboard::dispatch {

void desk::tell(telemetry::level l, std::string_view message, const packed& p,
                std::initializer_list<telemetry::field> more) {
    if (!with_.log.enabled(l)) return;
    std::vector<telemetry::field> fields = {{"vendor", to_string(vendor_)},
                                            {"step", to_string(p.batch.what)},
                                            {"customers", customers_in(p.batch)}};
    fields.insert(fields.end(), more.begin(), more.end());
    const telemetry::origin* const from = with_.operations.origin_of(p.sole_operation);
    if (!p.sole_operation.empty()) fields.emplace_back("operation", p.sole_operation);
    if (from) from->add_to(fields);
    with_.log.write(l, message, fields);
}

void desk::tell_failed(const packed& p, std::string_view reason, std::string_view code,
                       const incoming_response* answer) {
    const auto before = kind_of(p.batch.what).failed_lines.pass(with_.time.now());
    if (!before) return;
    if (!answer)
        return tell(telemetry::level::warn, "vendor call failed", p,
                    {{"server", link_.server()}, {"reason", reason}, {"held_back", *before}});
    const std::string shape = vendors::answer_shape(*answer);
    tell(telemetry::level::warn, "vendor call failed", p,
         {{"server", link_.server()},
          {"reason", reason},
          {"code", code},
          {"shape", shape},
          {"held_back", *before}});
}

void desk::tell_refused(const packed& p) {
    const auto before = kind_of(p.batch.what).refused_lines.pass(with_.time.now());
    if (before)
        tell(telemetry::level::warn, "vendor refuses our credentials", p,
             {{"server", link_.server()}, {"held_back", *before}});
}

void desk::tell_breaker(action a, policy::breaker::state now, std::string_view reason) {
    const std::string_view step = to_string(a);
    const std::string_view of = to_string(vendor_);
    using state = policy::breaker::state;
    if (now == state::open)
        with_.log.warn("breaker open: customers wait",
                       {{"vendor", of}, {"step", step}, {"server", link_.server()}, {"reason", reason}});
    else if (now == state::closed)
        with_.log.info("breaker closed", {{"vendor", of}, {"step", step}});
}

std::optional<telemetry::span> desk::begin_span(const packed& p, const outgoing_request& request,
                                                steady_time begun) {
    telemetry::tracer& tracer = with_.tracer;
    if (!tracer.exports()) return std::nullopt;
    std::unordered_set<const operation*> served;
    bool known = false;
    std::vector<telemetry::trace_context> sampled;
    for (const line::place& place : p.places) {
        for (const ask& a : place.asks) {
            if (!served.insert(a.op.get()).second) continue;
            const telemetry::origin* const from = with_.operations.origin_of(a.op->id);
            if (!from || !from->trace.exists()) continue;
            known = true;
            if (from->trace.sampled) sampled.push_back(from->trace);
        }
    }
    telemetry::span out;
    const bool alone = served.size() == 1 && sampled.size() == 1;
    if (alone)
        out.context = tracer.below(sampled.front());
    else if (!sampled.empty())
        out.context = tracer.begin_sampled();
    else if (!known) // of an earlier process
        out.context = tracer.begin();
    if (!tracer.keeps(out.context)) return std::nullopt;
    if (!alone)
        for (const telemetry::trace_context& one : sampled)
            out.link(one);

    tell_request(out, vendor_, settings_.base_url, request, begun);
    if (p.places.front().asks.front().resent) out.note("http.request.resend_count", std::int64_t(1));
    out.note("offboard.step", to_string(p.batch.what));
    out.note("offboard.customers", static_cast<std::int64_t>(customers_in(p.batch)));
    out.note("offboard.operations", static_cast<std::int64_t>(served.size()));
    return out;
}

void desk::end_span(std::optional<telemetry::span> span, const result<incoming_response>& answer) {
    if (!span) return;
    tell_answer(*span, answer, with_.time.now());
    with_.tracer.record(std::move(*span));
}

} // namespace offboard::dispatch
