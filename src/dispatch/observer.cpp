#include "observer.hpp"

#include "call_span.hpp"

#include "offboard/domain/action_rules.hpp"
#include "offboard/vendors/shape.hpp"

#include <chrono>
#include <unordered_set>
#include <utility>
#include <variant>

namespace offboard::dispatch {

using policy::breaker;
using telemetry::level;

namespace {

telemetry::breaker_position position_of(breaker::state s) {
    switch (s) {
    case breaker::state::closed: return telemetry::breaker_position::closed;
    case breaker::state::half_open: return telemetry::breaker_position::half_open;
    case breaker::state::open: break;
    }
    return telemetry::breaker_position::open;
}

} // namespace

observer::observer(const vendor_services& services, vendor v, const std::string& server)
    : with_(services), vendor_(v), server_(server), rates_(action_count) {}

void observer::tell(const engine::events& events, const circumstances& at) {
    for (const engine::event& e : events)
        std::visit([&](const auto& one) { on(one, at); }, e);
}

void observer::line(level l, std::string_view message, const engine::wire_call& call, action what,
                    std::initializer_list<telemetry::field> more) {
    if (!with_.log.enabled(l)) return;
    std::vector<telemetry::field> fields = {{"vendor", to_string(vendor_)},
                                            {"step", to_string(what)},
                                            {"customers", engine::customers_in(call.batch)}};
    fields.insert(fields.end(), more.begin(), more.end());
    const telemetry::origin* const from = with_.operations.origin_of(call.sole_operation);
    if (!call.sole_operation.empty()) fields.emplace_back("operation", call.sole_operation);
    if (from) from->add_to(fields);
    with_.log.write(l, message, fields);
}

void observer::tell_broken(const engine::wire_call& call, action what, std::string_view reason) {
    line(level::error, "vendor call ended by a fault of ours", call, what, {{"reason", reason}});
}

void observer::on(const engine::step_retried& e, const circumstances&) {
    with_.metrics.count_retries(vendor_, e.what, telemetry::word::of(to_string(e.code)));
}

void observer::on(const engine::call_unanswered&, const circumstances& at) {
    const auto before = rates_of(at.what).failed.pass(with_.time.now());
    if (!before) return;
    line(level::warn, "vendor call failed", at.call, at.what,
         {{"server", server_}, {"reason", at.reason}, {"held_back", *before}});
}

void observer::on(const engine::answer_in_trouble& e, const circumstances& at) {
    const auto before = rates_of(at.what).failed.pass(with_.time.now());
    if (!before) return;
    const std::string shape = at.answer ? vendors::answer_shape(*at.answer) : std::string();
    line(level::warn, "vendor call failed", at.call, at.what,
         {{"server", server_},
          {"reason", at.reason},
          {"code", to_string(e.code)},
          {"shape", shape},
          {"held_back", *before}});
}

void observer::on(const engine::credentials_refused&, const circumstances& at) {
    const auto before = rates_of(at.what).refused.pass(with_.time.now());
    if (before)
        line(level::warn, "vendor refuses our credentials", at.call, at.what,
             {{"server", server_}, {"held_back", *before}});
}

void observer::on(const engine::call_split& e, const circumstances& at) {
    line(level::info, "answer could not be told apart, sending again in smaller calls", at.call, at.what,
         {{"undecided", e.undecided}});
}

void observer::on(const engine::breaker_changed& e, const circumstances& at) {
    const std::string_view step = to_string(e.what);
    const std::string_view of = to_string(vendor_);
    if (e.now == breaker::state::open)
        with_.log.warn("breaker open: customers wait",
                       {{"vendor", of}, {"step", step}, {"server", server_}, {"reason", at.reason}});
    else if (e.now == breaker::state::closed)
        with_.log.info("breaker closed", {{"vendor", of}, {"step", step}});
}

void observer::on(const engine::budget_lowered& e, const circumstances&) {
    with_.log.info("vendor counts fewer calls left than the budget: its count is followed",
                   {{"vendor", to_string(vendor_)}, {"left", e.left}, {"budget_left", e.left_in_budget}});
}

void observer::on(const engine::pause_asked& e, const circumstances&) {
    with_.log.warn("vendor asks to be left alone",
                   {{"vendor", to_string(vendor_)},
                    {"status", e.status},
                    {"seconds", std::chrono::duration<double>(e.pause).count()}});
}

void observer::show(const engine::vendor_queue& queue) {
    const steady_time now = with_.time.now();
    telemetry::metrics& out = with_.metrics;
    out.set_queue(vendor_, queue.waiting().waiting(), now - queue.waiting().oldest(now));
    out.set_in_flight(vendor_, queue.calls_in_flight());
    const policy::pacer& pacer = queue.health().pacer();
    if (!pacer.unlimited())
        out.set_budget(vendor_, static_cast<double>(pacer.slots().left(now)),
                       static_cast<double>(pacer.slots().calls()));
    for (const action a : all_actions) {
        if (vendor_of(a) != vendor_) continue;
        const engine::vendor_health::kind& kind = queue.health().of(a);
        out.set_credentials_refused(vendor_, a, kind.hold.held());
        out.set_breaker(vendor_, a, position_of(kind.breaker.at(now)));
    }
}

observer::served_requests observer::requests_of(const engine::wire_call& call) const {
    served_requests out;
    std::unordered_set<const operation*> seen;
    for (const engine::lane_queue::place& place : call.places) {
        for (const engine::queued_step& q : place.items) {
            if (!seen.insert(q.op.get()).second) continue;
            const telemetry::origin* const from = with_.operations.origin_of(q.op->id);
            if (!from || !from->trace.exists()) continue;
            out.known = true;
            if (from->trace.sampled) out.sampled.push_back(from->trace);
        }
    }
    out.operations = seen.size();
    return out;
}

std::optional<telemetry::span> observer::begin_span(const engine::wire_call& call,
                                                    const outgoing_request& request, steady_time begun) {
    telemetry::tracer& tracer = with_.tracer;
    if (!tracer.exports()) return std::nullopt;
    const served_requests served = requests_of(call);
    telemetry::span out;
    const bool alone = served.operations == 1 && served.sampled.size() == 1;
    if (alone)
        out.context = tracer.below(served.sampled.front());
    else if (!served.sampled.empty())
        out.context = tracer.begin_sampled();
    else if (!served.known) // of an earlier process
        out.context = tracer.begin();
    if (!tracer.keeps(out.context)) return std::nullopt;
    if (!alone)
        for (const telemetry::trace_context& one : served.sampled)
            out.link(one);

    tell_request(out, vendor_, with_.settings.of(vendor_)->base_url, request, begun);
    if (call.places.front().items.front().resent) out.note("http.request.resend_count", std::int64_t(1));
    out.note("offboard.step", to_string(call.batch.what));
    out.note("offboard.customers", static_cast<std::int64_t>(engine::customers_in(call.batch)));
    out.note("offboard.operations", static_cast<std::int64_t>(served.operations));
    return out;
}

void observer::end_span(std::optional<telemetry::span> span, const result<incoming_response>& answer) {
    if (!span) return;
    tell_answer(*span, answer, with_.time.now());
    with_.tracer.record(std::move(*span));
}

} // namespace offboard::dispatch
