#include "offboard/api/offboard_routes.hpp"

#include "negotiation.hpp"

#include "offboard/api/prefer.hpp"
#include "offboard/api/problem.hpp"
#include "offboard/api/read_offboarding.hpp"
#include "offboard/api/render.hpp"
#include "offboard/base/ulid.hpp"
#include "offboard/telemetry/trace_context.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace offboard::api {

namespace {

constexpr auto json_type = "application/json";

/// How long this request may wait for its operation, and what of Prefer is honoured.
struct patience {
    duration wait{};
    std::string applied; ///< Preference-Applied; empty: none
};

patience patience_of(const http::request& request, const config::settings& settings, duration standard) {
    const preferences asked = read_prefer(request.header_list("prefer"));
    patience out;
    out.wait = asked.respond_async ? duration::zero() : standard;
    if (asked.respond_async) out.applied = "respond-async";
    if (asked.wait) {
        out.wait = std::min<duration>(*asked.wait, settings.deadline.max);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(out.wait).count();
        if (!out.applied.empty()) out.applied += ", ";
        out.applied += "wait=";
        out.applied += std::to_string(seconds);
    }
    return out;
}

/// What is refused before the body is read.
std::optional<http::response> admit_post(const http::request& head) {
    if (!accepts(head.header_list("accept"), "application", "json"))
        return problem(406, "not-acceptable", "Answers are application/json.", head.request_id);
    if (!head.announces_body())
        return problem(411, "length-required", "A body is required: send Content-Length or chunks.",
                       head.request_id);
    const std::string_view coding = head.header("content-encoding");
    if (!is_json(head.header("content-type")) || !(coding.empty() || coding == "identity"))
        return problem(415, "unsupported-media-type",
                       "The body must be JSON, uncompressed, with Content-Type: application/json.",
                       head.request_id);
    // Whoever sends a key relies on it; to ignore it would be to do the work twice.
    if (head.has_header("idempotency-key"))
        return problem(400, "bad-request",
                       "Idempotency-Key is not available in this release; nothing was sent.",
                       head.request_id);
    // ?dry_run=true would be a wish that nobody heard.
    if (!head.query.empty() || head.target.ends_with('?'))
        return problem(400, "bad-request", "This route takes no query; options stand in the body.",
                       head.request_id);
    return std::nullopt;
}

std::optional<http::response> admit_get(const http::request& head) {
    if (!accepts(head.header_list("accept"), "application", "json"))
        return problem(406, "not-acceptable", "Answers are application/json.", head.request_id);
    return std::nullopt;
}

std::optional<http::response> admit_openapi(const http::request& head) {
    if (!accepts(head.header_list("accept"), "application", "yaml"))
        return problem(406, "not-acceptable", "The contract is application/yaml.", head.request_id);
    return std::nullopt;
}

} // namespace

offboard_routes::offboard_routes(const config::settings& settings, dispatch::dispatcher& dispatcher,
                                 journal::journal& j, const clock& c, random_source& random,
                                 std::shared_ptr<const std::string> openapi)
    : settings_(settings), dispatcher_(dispatcher), journal_(j), clock_(c), random_(random),
      openapi_(std::move(openapi)) {}

void offboard_routes::add_to(http::router& router) {
    router.add({"POST", "/offboard", [this](http::request&& r) { return post(r); }, admit_post});
    router.add({"GET", "/offboard/{id}", [this](http::request&& r) { return get(r); }, admit_get});
    router.add({"GET", "/openapi.yaml", [this](http::request&& r) { return contract(r); }, admit_openapi});
}

asio::awaitable<http::response> offboard_routes::contract(http::request& request) {
    http::response out(200, "application/yaml", {});
    out.shared_body = openapi_;
    co_return finish(std::move(out), request);
}

asio::awaitable<http::response> offboard_routes::post(http::request& request) {
    if (dispatcher_.draining()) co_return finish(problem_of(errc::draining, request.request_id), request);
    json_fault broken;
    const std::optional<document> body = parse_json(request.body, broken);
    if (!body) {
        const std::string detail =
            "The body is not JSON: " + broken.detail + " at byte " + std::to_string(broken.offset) + ".";
        co_return finish(problem(400, "malformed-json", detail, request.request_id), request);
    }
    fault_list faults;
    offboarding what = read_offboarding(*body, settings_, faults);
    if (!faults.empty()) co_return finish(validation_problem(faults, request.request_id), request);

    std::string id = make_ulid(clock_.today(), random_);
    if (what.dry_run) {
        auto op = std::make_shared<operation>();
        op->id = std::move(id);
        op->what = std::move(what);
        op->steps = expand(op->what, op->first_step);
        const auto calls = dispatch::dry_run(op, dispatcher_.forms());
        co_return finish({200, json_type, render_dry_run(op->what, calls, settings_)}, request);
    }

    const patience until = patience_of(request, settings_, settings_.deadline.standard);
    const steady_time deadline = clock_.now() + until.wait;
    auto begun = co_await dispatcher_.begin(std::move(what), std::move(id));
    if (begun.has_error()) {
        http::response refused = problem_of(to_errc(begun.error()), request.request_id, dispatcher_.eta());
        co_return finish(std::move(refused), request);
    }
    const std::shared_ptr<dispatch::live_operation> live = *begun;
    co_await wait(live, deadline);
    http::response out = answer(live->op, request, until.applied);
    co_return out;
}

asio::awaitable<http::response> offboard_routes::get(http::request& request) {
    const std::string id(request.parameter("id"));
    if (!is_ulid(id)) co_return finish(problem_of(errc::not_found, request.request_id), request);
    const patience until = patience_of(request, settings_, duration::zero());
    const std::shared_ptr<dispatch::live_operation> live = dispatcher_.find(id);
    if (live) co_await wait(live, clock_.now() + until.wait);
    auto found = co_await journal_.find(id);
    if (!live && found.has_error())
        co_return finish(problem_of(to_errc(found.error()), request.request_id), request);
    // While it is driven, the driver's copy is the newest that is durable.
    http::response out = answer(live ? live->op : **found, request, until.applied);
    co_return out;
}

asio::awaitable<void> offboard_routes::wait(std::shared_ptr<dispatch::live_operation> live,
                                            steady_time deadline) {
    while (!live->op.settled_at && !dispatcher_.closing()) {
        const bool told = co_await live->changed.wait_until(deadline);
        if (!told) co_return; // the deadline, or the connection is being cut
    }
}

http::response offboard_routes::answer(const operation& op, const http::request& request,
                                       const std::string& applied) const {
    const progress state = op.settled_at ? progress_of(recount(op)) : progress::pending;
    http::response out(state == progress::pending ? 202
                       : state == progress::ok    ? 200
                                                  : 207,
                       json_type, render(op));
    const std::string self = "/offboard/" + op.id;
    if (out.status == 202)
        out.with("Location", self).with("Retry-After", std::to_string(dispatcher_.eta(op).count()));
    else
        out.with("Content-Location", self);
    if (!applied.empty()) out.with("Preference-Applied", applied);
    return finish(std::move(out), request);
}

http::response offboard_routes::finish(http::response out, const http::request& request) const {
    out.with("traceparent", telemetry::continue_trace(request.header("traceparent"), random_));
    return out;
}

} // namespace offboard::api
