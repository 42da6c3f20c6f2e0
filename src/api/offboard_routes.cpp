#include "offboard/api/offboard_routes.hpp"

#include "gatekeeper.hpp"
#include "negotiation.hpp"

#include "offboard/api/idempotency_key.hpp"
#include "offboard/api/prefer.hpp"
#include "offboard/api/problem.hpp"
#include "offboard/api/read_offboarding.hpp"
#include "offboard/api/render.hpp"
#include "offboard/base/ulid.hpp"
#include "offboard/telemetry/origin.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace offboard::api {

namespace {

constexpr auto json_type = "application/json";
/// Operations in the answer to a lookup, the newest first.
constexpr std::size_t most_looked_up = 100;
/// For the issuer's keys, before a request's own wait begins: both together stay below what an ingress waits.
constexpr auto longest_wait_for_keys = std::chrono::seconds(5);

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

std::optional<http::response> admit_no_query(const http::request& head) {
    // ?dry_run=true would be a wish that nobody heard.
    if (!head.query.empty() || head.target.ends_with('?'))
        return problem(400, "bad-request", "This route takes no query; options stand in the body.",
                       head.request_id);
    return std::nullopt;
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
    if (const idempotency_key key = read_idempotency_key(head); !key.fault.empty())
        return problem(400, "bad-request", key.fault, head.request_id);
    return admit_no_query(head);
}

/// Retry and cancel: what is to be done stands in the path.
std::optional<http::response> admit_command(const http::request& head) {
    if (!accepts(head.header_list("accept"), "application", "json"))
        return problem(406, "not-acceptable", "Answers are application/json.", head.request_id);
    if (auto refused = admit_no_body(head)) return refused;
    return admit_no_query(head);
}

std::optional<http::response> admit_get(const http::request& head) {
    if (!accepts(head.header_list("accept"), "application", "json"))
        return problem(406, "not-acceptable", "Answers are application/json.", head.request_id);
    return admit_no_body(head);
}

std::optional<http::response> admit_openapi(const http::request& head) {
    if (!accepts(head.header_list("accept"), "application", "yaml"))
        return problem(406, "not-acceptable", "The contract is application/yaml.", head.request_id);
    return admit_no_body(head);
}

/// What a request needs besides write.
config::scope_set scopes_for(const offboarding& what) {
    config::scope_set out;
    if (what.plan.forget) out.add(config::scope::erase);
    if (what.gate == erase_gate::none) out.add(config::scope::operate);
    return out;
}

telemetry::origin origin_of(const http::request& request) {
    return {request.request_id, request.trace};
}

/// Whose it is not, to those it is not there.
bool may_see(const http::request& request, const operation& op) {
    const caller& who = caller_of(request);
    return op.caller == who.name || who.scopes.has(config::scope::operate);
}

} // namespace

offboard_routes::offboard_routes(const config::settings& settings, authenticator& who,
                                 dispatch::dispatcher& dispatcher, journal::journal& j, const clock& c,
                                 random_source& random, std::shared_ptr<const std::string> openapi)
    : settings_(settings), gate_(std::make_unique<gatekeeper>(who, c)), dispatcher_(dispatcher), journal_(j),
      clock_(c), random_(random), openapi_(std::move(openapi)) {}

offboard_routes::~offboard_routes() = default;

void offboard_routes::add_to(http::router& router) {
    using config::scope;
    add(router, "POST", "/offboard", scope::write, &offboard_routes::post, admit_post);
    add(router, "GET", "/offboard/{id}", scope::read, &offboard_routes::get, admit_get);
    add(router, "POST", "/offboard/{id}/retry", scope::operate, &offboard_routes::retry, admit_command);
    add(router, "POST", "/offboard/{id}/cancel", scope::operate, &offboard_routes::cancel, admit_command);
    add(router, "POST", "/offboard/lookup", scope::operate, &offboard_routes::lookup, admit_post);
    router.add({"GET", "/openapi.yaml", [this](http::request&& r) { return contract(r); }, admit_openapi});
}

void offboard_routes::add(http::router& router, const char* method, const char* pattern, config::scope needed,
                          endpoint serve, admission admit) {
    const auto admit_known = [this, needed, admit](http::request& head) {
        std::optional<http::response> refused = gate_->admit(head, needed);
        return refused ? std::move(refused) : admit(head);
    };
    const auto handle = [this, needed, serve](http::request&& r) {
        return r.admitted ? (this->*serve)(r) : let_in(r, needed, serve);
    };
    router.add({method, pattern, handle, admit_known});
}

asio::awaitable<http::response> offboard_routes::let_in(http::request& request, config::scope needed,
                                                        endpoint serve) {
    const patience until = patience_of(request, settings_, settings_.deadline.standard);
    const duration wait = std::min<duration>(until.wait, longest_wait_for_keys);
    auto refused = co_await gate_->let_in(request, needed, clock_.now() + wait);
    if (refused) co_return finish(std::move(*refused), request);
    http::response out = co_await (this->*serve)(request);
    co_return out;
}

asio::awaitable<http::response> offboard_routes::contract(http::request& request) {
    http::response out(200, "application/yaml", {});
    out.shared_body = openapi_;
    co_return finish(std::move(out), request);
}

std::optional<document> offboard_routes::read_body(const http::request& request,
                                                   http::response& refused) const {
    json_fault broken;
    std::optional<document> body = parse_json(request.body, broken);
    if (!body) {
        const std::string detail =
            "The body is not JSON: " + broken.detail + " at byte " + std::to_string(broken.offset) + ".";
        refused = problem(400, "malformed-json", detail, request.request_id);
    }
    return body;
}

asio::awaitable<http::response> offboard_routes::post(http::request& request) {
    if (dispatcher_.draining()) co_return finish(problem_of(errc::draining, request.request_id), request);
    http::response refused;
    std::optional<document> body = read_body(request, refused);
    if (!body) co_return finish(std::move(refused), request);
    fault_list faults;
    offboarding what = read_offboarding(*body, settings_, faults);
    if (!faults.empty()) co_return finish(validation_problem(faults, request.request_id), request);
    if (auto lacking = gatekeeper::lacking(request, scopes_for(what)))
        co_return finish(std::move(*lacking), request);

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
    std::optional<journal::idempotency> key;
    if (idempotency_key given = read_idempotency_key(request); !given.text.empty()) {
        key.emplace();
        key->caller = caller_of(request).name;
        key->key = std::move(given.text);
        key->fingerprint = "POST /offboard\n";
        key->fingerprint += request.body;
    }
    // All of it has been read; the wait for vendors may be long. Under a key its text goes on to the journal,
    // and counts until it is hashed there.
    body.reset();
    std::string().swap(request.body);
    if (!key) request.drop_body();
    std::string asked_by = caller_of(request).name;
    telemetry::origin from = origin_of(request);
    auto begun = co_await dispatcher_.begin(std::move(what), std::move(id), std::move(asked_by),
                                            std::move(key), std::move(from));
    request.drop_body();
    if (begun.has_error()) co_return finish(refusal(begun.error(), request), request);
    auto found = co_await dispatcher_.await_settled(begun->id, deadline);
    // What was taken is being done: the answer is no 5xx, whatever became of reading it back.
    if (found.has_error() && !begun->as_taken) co_return finish(refusal(found.error(), request), request);
    const std::shared_ptr<const operation> op = found.has_value() ? *found : begun->as_taken;
    http::response out = answer(*op, request, until.applied);
    if (begun->replayed) out.with("Idempotent-Replayed", "true");
    co_return out;
}

asio::awaitable<http::response> offboard_routes::get(http::request& request) {
    std::string id(request.parameter("id"));
    if (!is_ulid(id)) co_return finish(problem_of(errc::not_found, request.request_id), request);
    const patience until = patience_of(request, settings_, duration::zero());
    // Whose it is comes before any wait: that would tell that it is there.
    auto found = co_await dispatcher_.await_settled(id, clock_.now());
    if (found.has_value() && !may_see(request, **found)) found = errc::not_found;
    if (found.has_value() && !(*found)->settled_at && until.wait > duration::zero())
        found = co_await dispatcher_.await_settled(std::move(id), clock_.now() + until.wait);
    if (found.has_error()) co_return finish(refusal(found.error(), request), request);
    http::response out = answer(**found, request, until.applied);
    co_return out;
}

asio::awaitable<http::response> offboard_routes::retry(http::request& request) {
    return command(request, &dispatch::dispatcher::retry);
}

asio::awaitable<http::response> offboard_routes::cancel(http::request& request) {
    return command(request, &dispatch::dispatcher::cancel);
}

asio::awaitable<http::response> offboard_routes::command(http::request& request, deed act) {
    std::string id(request.parameter("id"));
    if (!is_ulid(id)) co_return finish(problem_of(errc::not_found, request.request_id), request);
    telemetry::origin from = origin_of(request);
    auto acted = co_await (dispatcher_.*act)(id, std::move(from));
    if (acted.has_error()) {
        http::response refused = refusal(acted.error(), request);
        if (to_errc(acted.error()) == errc::nothing_to_do) refused.concerning = std::move(id); // it is there
        co_return finish(std::move(refused), request);
    }
    const patience until = patience_of(request, settings_, settings_.deadline.standard);
    auto found = co_await dispatcher_.await_settled((*acted)->id, clock_.now() + until.wait);
    // What was done is done: the answer is no 5xx, whatever became of reading it back.
    const std::shared_ptr<const operation> op = found.has_value() ? *found : *acted;
    http::response out = answer(*op, request, until.applied);
    co_return out;
}

asio::awaitable<http::response> offboard_routes::lookup(http::request& request) {
    http::response refused;
    const std::optional<document> body = read_body(request, refused);
    if (!body) co_return finish(std::move(refused), request);
    fault_list faults;
    identifier who = read_lookup(*body, faults);
    if (!faults.empty()) co_return finish(validation_problem(faults, request.request_id), request);
    auto ids = co_await journal_.lookup(std::move(who), most_looked_up);
    if (ids.has_error()) co_return finish(refusal(ids.error(), request), request);
    std::vector<std::shared_ptr<const operation>> operations;
    for (std::string& id : *ids) {
        auto found = co_await dispatcher_.await_settled(std::move(id), clock_.now());
        if (found.has_value()) operations.push_back(*found);
    }
    co_return finish({200, json_type, render_lookup(operations)}, request);
}

http::response offboard_routes::refusal(const boost::system::error_code& why,
                                        const http::request& request) const {
    return problem_of(to_errc(why), request.request_id, dispatcher_.eta());
}

http::response offboard_routes::answer(const operation& op, const http::request& request,
                                       const std::string& applied) const {
    const progress state = op.settled_at ? progress_of(recount(op)) : progress::pending;
    http::response out(state == progress::pending ? 202
                       : state == progress::ok    ? 200
                                                  : 207,
                       json_type, render(op));
    out.concerning = op.id;
    const std::string self = "/offboard/" + op.id;
    if (out.status == 202)
        out.with("Location", self).with("Retry-After", std::to_string(dispatcher_.eta(op).count()));
    else
        out.with("Content-Location", self);
    if (!applied.empty()) out.with("Preference-Applied", applied);
    return finish(std::move(out), request);
}

http::response offboard_routes::finish(http::response out, const http::request& request) const {
    if (request.admitted) out.asked_by = caller_of(request).name;
    return out;
}

} // namespace offboard::api
