#include "engine.hpp"

#include "billing.hpp"
#include "body.hpp"
#include "capillary.hpp"
#include "mention_me.hpp"

#include <array>
#include <utility>

namespace json = boost::json;

namespace sandbox {

std::string_view call_at(std::string_view method, std::string_view path) {
    if (method == "DELETE" && path == "/api/merchant/v2/customers") {
        return "purge";
    }
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> routes{
        {{"/api/oauth/token", "mention_me_token"},
         {"/api/merchant/v2/customers/lapse", "lapse"},
         {"/api/merchant/v2/customers", "read_back"},
         {"/v3/oauth/token/generate", "capillary_token"},
         {"/v2/promotion/bulk/revokeEnrolAndEarn", "revoke"},
         {"/v2/partnerProgram/deLinkCustomer", "delink"},
         {"/api/customer/forget", "forget"},
         {"/api/service/ping", "ping"}}};
    for (const auto& [route, call] : routes) {
        if (route == path) {
            return call;
        }
    }
    return {};
}

engine::engine(token_source make_token) : make_token_(std::move(make_token)) {}

outcome engine::receive(const request& r, micros now) {
    const std::string_view call = call_at(r.method, r.path());
    if (!call.empty()) {
        return vendor_call(call, r, now);
    }
    const std::string_view path = r.path();
    if (path == "/" || path == "/favicon.ico" || path.starts_with("/sandbox")) {
        return control(r, now);
    }
    // A vendor's call gone astray: it must show in the record.
    outcome out;
    out.seq = record_.start("unknown", r, now);
    out.reply = json_answer(404, json::object{{"error", "no such vendor call"}});
    record_.answered(out.seq, 404, {});
    return out;
}

void engine::finished(std::uint64_t seq, micros now) {
    record_.finished(seq, now);
}

answer engine::handle(std::string_view call, const request& r, world& w, micros now) {
    if (call == "mention_me_token") {
        return mention_me::token(r, w, make_token_, now);
    }
    if (call == "lapse") {
        return mention_me::lapse(r, w, now);
    }
    if (call == "purge") {
        return mention_me::purge(r, w, now);
    }
    if (call == "read_back") {
        return mention_me::read_back(r, w, now);
    }
    if (call == "capillary_token") {
        return capillary::token(r, w, make_token_, now);
    }
    if (call == "revoke") {
        return capillary::revoke(r, w, now);
    }
    if (call == "delink") {
        return capillary::delink(r, w, now);
    }
    if (call == "ping") {
        return billing::ping(r, w);
    }
    return billing::forget(r, w);
}

outcome engine::vendor_call(std::string_view call, const request& r, micros now) {
    outcome out;
    out.seq = record_.start(call, r, now);
    out.delay = world_.options.latency;
    const bool limited = is_about_customers(call);
    const admission place = limited ? world_.admit(now) : admission();
    const auto fault = faults_.draw(call, r.body);
    if (place.over) {
        // Beyond the allowance nothing happens, whatever else was to go wrong.
        out.reply = mention_me::over_limit();
    } else if (!fault || fault->acts()) {
        out.reply = handle(call, r, world_, now);
    } else if (!fault->replaces()) {
        // The answer of a call that had its effect, in a world that is thrown away.
        world trial = world_;
        out.reply = handle(call, r, trial, now);
    }
    if (limited) {
        mention_me::put_limit(out.reply, place);
    }
    if (fault) {
        if (!place.over) {
            bend(out.reply, call, *fault);
        }
        out.how = fault->how();
        out.delay += fault->latency;
    }
    const bool silent = out.how == delivery::cut || out.how == delivery::stall || out.how == delivery::reset;
    const bool only_late = fault && fault->kind.empty() && !fault->wanted_status() && !fault->body;
    const std::string_view kind = !fault                ? std::string_view()
                                  : only_late           ? std::string_view("latency")
                                  : fault->kind.empty() ? std::string_view("status")
                                                        : std::string_view(fault->kind);
    record_.answered(out.seq, silent ? 0 : out.reply.status, kind);
    return out;
}

} // namespace sandbox
