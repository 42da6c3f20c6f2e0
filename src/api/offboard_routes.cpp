#include "offboard/api/offboard_routes.hpp"

#include "admission.hpp"
#include "dry_run_job.hpp"
#include "gatekeeper.hpp"
#include "read_body.hpp"
#include "turns.hpp"
#include "why_nothing.hpp"

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

/// What a request needs besides write.
std::vector<need> needs_of(const offboarding& what) {
    std::vector<need> out;
    for (const action a : all_actions) {
        if (!what.plan.has(a)) continue;
        switch (rule_of(a).permission) {
        case permission::write: break;
        case permission::erase:
            out.push_back({config::scope::erase, "a plan with " + std::string(to_string(a))});
            break;
        }
    }
    if (what.gate == erase_gate::none) out.push_back({config::scope::operate, "the option erase_gate: none"});
    return out;
}

/// The id in the path, in either case; nothing when it is none.
std::optional<std::string> id_of(const http::request& request) {
    std::string id(request.parameter("id"));
    for (char& c : id)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    return is_ulid(id) ? std::optional(std::move(id)) : std::nullopt;
}

identifier lookup_of(const document& body, const config::settings&, fault_list& faults) {
    return read_lookup(body, faults);
}

/// Why nothing can be made of a body; nothing when something can.
std::optional<http::response> fault_of(const std::optional<json_fault>& broken, const fault_list& faults,
                                       const http::request& request) {
    if (broken && broken->too_many_values)
        return problem(413, "too-large",
                       "The body has more than " + std::to_string(body_bounds.values) +
                           " values: no valid request has so many.",
                       request.request_id);
    if (broken) {
        const std::string detail =
            "The body is not JSON: " + broken->detail + " at byte " + std::to_string(broken->offset) + ".";
        return problem(400, "malformed-json", detail, request.request_id);
    }
    if (!faults.empty()) return validation_problem(faults, request.request_id);
    return std::nullopt;
}

/// Steps that are rendered, and of which a dry run is made, without a pause: a few milliseconds.
constexpr std::size_t steps_a_turn = 500;

/// The contract names its server by the place it was read from, unless the public one is known.
std::shared_ptr<const std::string> with_server(std::shared_ptr<const std::string> contract,
                                               const std::string& public_url) {
    constexpr std::string_view relative = "\nservers:\n  - url: .\n";
    const std::size_t at = contract->find(relative);
    if (public_url.empty() || at == std::string::npos) return contract;
    std::string out = *contract;
    out.replace(at, relative.size(), "\nservers:\n  - url: \"" + public_url + "\"\n");
    return std::make_shared<const std::string>(std::move(out));
}

telemetry::origin origin_of(const http::request& request) {
    return {request.request_id, request.trace};
}

/// Another caller's operation is answered 404, so that its existence is not disclosed.
bool may_see(const http::request& request, const operation& op) {
    const caller& who = caller_of(request);
    return op.caller == who.name || who.scopes.has(config::scope::operate);
}

} // namespace

offboard_routes::offboard_routes(const config::settings& settings, authenticator& who,
                                 dispatch::dispatcher& dispatcher, journal::journal& j, const clock& c,
                                 random_source& random, std::shared_ptr<const std::string> openapi)
    : settings_(settings), gate_(std::make_unique<gatekeeper>(who, c)), dispatcher_(dispatcher), journal_(j),
      clock_(c), random_(random), openapi_(with_server(std::move(openapi), settings.public_url)),
      helper_("requests", 1) {}

offboard_routes::~offboard_routes() = default;

void offboard_routes::add_to(http::router& router) {
    using config::scope;
    add(router, "POST", "/offboard", {scope::write, "POST /offboard"}, &offboard_routes::post, admit_post);
    add(router, "GET", "/offboard/{id}", {scope::read, "GET /offboard/{id}"}, &offboard_routes::get,
        admit_get);
    add(router, "POST", "/offboard/{id}/retry", {scope::operate, "POST /offboard/{id}/retry"},
        &offboard_routes::retry, admit_command);
    add(router, "POST", "/offboard/{id}/cancel", {scope::operate, "POST /offboard/{id}/cancel"},
        &offboard_routes::cancel, admit_command);
    add(router, "POST", "/offboard/lookup", {scope::operate, "POST /offboard/lookup"},
        &offboard_routes::lookup, admit_post);
    router.add({"GET", "/openapi.yaml", [this](http::request&& r) { return contract(r); }, admit_openapi});
}

void offboard_routes::add(http::router& router, const char* method, const char* pattern, need needed,
                          endpoint serve, admission admit) {
    const auto admit_known = [this, needed, admit](http::request& head) {
        std::optional<http::response> refused = gate_->admit(head, needed);
        if (!refused) refused = admit(head);
        if (refused) refused = finish(std::move(*refused), head);
        return refused;
    };
    const auto handle = [this, needed, serve](http::request&& r) {
        return r.admitted ? (this->*serve)(r) : let_in(r, needed, serve);
    };
    router.add({method, pattern, handle, admit_known, admit == admit_post});
}

asio::awaitable<http::response> offboard_routes::let_in(http::request& request, need needed, endpoint serve) {
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

asio::awaitable<http::response> offboard_routes::post(http::request& request) {
    if (dispatcher_.draining()) co_return finish(problem_of(errc::draining, request.request_id), request);
    const body_reader<offboarding> reader(read_offboarding, settings_);
    auto read = co_await read_body(helper_, request.body, reader);
    if (!read) co_return finish(problem_of(errc::draining, request.request_id), request); // cancelled
    if (auto refused = fault_of(read->broken, read->faults, request))
        co_return finish(std::move(*refused), request);
    offboarding what = std::move(read->value);
    read.reset();
    if (auto lacking = gatekeeper::lacking(request, needs_of(what)))
        co_return finish(std::move(*lacking), request);
    if (what.dry_run) {
        http::response shown = co_await dry_run(request, std::move(what));
        co_return shown;
    }

    std::string id = make_ulid(clock_.today(), random_);
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
    std::shared_ptr<const operation> op = found.has_value() ? *found : begun->as_taken;
    http::response out = co_await answer(std::move(op), request, until.applied);
    if (begun->replayed) out.with("Idempotent-Replayed", "true");
    co_return out;
}

asio::awaitable<http::response> offboard_routes::dry_run(http::request& request, offboarding what) {
    const bool much = weight_of(what) > steps_a_turn;
    auto op = std::make_shared<operation>();
    op->id = make_ulid(clock_.today(), random_);
    op->what = std::move(what);
    dry_run_job job(std::move(op), dispatcher_.forms(), settings_);
    std::optional<std::string> shown;
    if (much) {
        auto made = co_await helper_.run(std::move(job));
        if (!made) co_return finish(problem_of(errc::draining, request.request_id), request); // cancelled
        shown = std::move(*made);
    } else {
        shown = job();
    }
    if (!shown) {
        const std::string detail = "The calls of this dry run are more than " +
                                   std::to_string(longest_dry_run >> 20) +
                                   " MiB: ask for fewer customers at a time.";
        co_return finish(problem(413, "too-large", detail, request.request_id), request);
    }
    http::response out(200, json_type, std::move(*shown));
    co_return finish(std::move(out), request);
}

asio::awaitable<http::response> offboard_routes::get(http::request& request) {
    std::optional<std::string> id = id_of(request);
    if (!id) co_return finish(problem_of(errc::not_found, request.request_id), request);
    const patience until = patience_of(request, settings_, duration::zero());
    // The owner is checked before any wait: a wait would disclose that the operation exists.
    auto found = co_await dispatcher_.await_settled(*id, clock_.now());
    if (found.has_value() && !may_see(request, **found)) found = errc::not_found;
    if (found.has_value() && !(*found)->settled_at && until.wait > duration::zero())
        found = co_await dispatcher_.await_settled(std::move(*id), clock_.now() + until.wait);
    if (found.has_error()) co_return finish(refusal(found.error(), request), request);
    std::shared_ptr<const operation> op = std::move(*found);
    http::response out = co_await answer(std::move(op), request, until.applied);
    co_return out;
}

asio::awaitable<http::response> offboard_routes::retry(http::request& request) {
    return command(request, &dispatch::dispatcher::retry, why_nothing_to_retry);
}

asio::awaitable<http::response> offboard_routes::cancel(http::request& request) {
    return command(request, &dispatch::dispatcher::cancel, why_nothing_to_cancel);
}

asio::awaitable<http::response> offboard_routes::command(http::request& request, deed act, explanation why) {
    std::optional<std::string> id = id_of(request);
    if (!id) co_return finish(problem_of(errc::not_found, request.request_id), request);
    telemetry::origin from = origin_of(request);
    auto acted = co_await (dispatcher_.*act)(*id, std::move(from));
    if (acted.has_error() && to_errc(acted.error()) == errc::nothing_to_do) {
        http::response refused = co_await nothing_done(request, std::move(*id), why);
        co_return refused;
    }
    if (acted.has_error()) co_return finish(refusal(acted.error(), request), request);
    const patience until = patience_of(request, settings_, settings_.deadline.standard);
    auto found = co_await dispatcher_.await_settled((*acted)->id, clock_.now() + until.wait);
    // What was done is done: the answer is no 5xx, whatever became of reading it back.
    std::shared_ptr<const operation> op = found.has_value() ? *found : *acted;
    http::response out = co_await answer(std::move(op), request, until.applied);
    co_return out;
}

asio::awaitable<http::response> offboard_routes::nothing_done(http::request& request, std::string id,
                                                              explanation why) {
    auto found = co_await dispatcher_.await_settled(id, clock_.now());
    http::response out = problem_of(errc::nothing_to_do, request.request_id);
    if (found.has_value()) {
        const idle_reason because = why(**found);
        out = nothing_to_do(because.reason, because.detail, request.request_id);
    }
    out.concerning = std::move(id); // it is there
    co_return finish(std::move(out), request);
}

asio::awaitable<http::response> offboard_routes::lookup(http::request& request) {
    const body_reader<identifier> reader(lookup_of, settings_);
    auto read = co_await read_body(helper_, request.body, reader);
    if (!read) co_return finish(problem_of(errc::draining, request.request_id), request); // cancelled
    if (auto refused = fault_of(read->broken, read->faults, request))
        co_return finish(std::move(*refused), request);
    identifier who = std::move(read->value);
    auto ids = co_await journal_.lookup(std::move(who), most_looked_up);
    if (ids.has_error()) co_return finish(refusal(ids.error(), request), request);
    // One at a time: a hundred of the largest would not fit.
    std::vector<std::string> shown;
    for (std::string& id : *ids) {
        auto found = co_await dispatcher_.await_settled(std::move(id), clock_.now());
        if (!found.has_value()) continue;
        shown.push_back(render_found(**found, configured_in(settings_)));
        const bool large = (*found)->steps.size() > steps_a_turn;
        found = errc::not_found; // let go of it
        if (large) co_await next_turn();
    }
    http::response out(200, json_type, render_lookup(shown));
    co_return finish(std::move(out), request);
}

http::response offboard_routes::refusal(const boost::system::error_code& why,
                                        const http::request& request) const {
    return problem_of(to_errc(why), request.request_id, dispatcher_.eta());
}

asio::awaitable<http::response> offboard_routes::answer(std::shared_ptr<const operation> op,
                                                        const http::request& request,
                                                        std::string applied) const {
    rendering::surroundings around;
    if (!op->settled_at) around.waiting = dispatcher_.waiting(*op);
    around.configured = configured_in(settings_);
    rendering shown(op, around);
    while (shown.go_on(steps_a_turn))
        co_await next_turn();
    const progress state = shown.state();
    const unsigned status = state == progress::pending ? 202 : state == progress::ok ? 200 : 207;
    http::response out(status, json_type, shown.take());
    out.concerning = op->id;
    const std::string self = settings_.public_url + "/offboard/" + op->id;
    if (out.status == 202)
        out.with("Location", self).with("Retry-After", std::to_string(dispatcher_.eta(*op).count()));
    else
        out.with("Content-Location", self);
    if (!applied.empty()) out.with("Preference-Applied", std::move(applied));
    co_return finish(std::move(out), request);
}

http::response offboard_routes::finish(http::response out, const http::request& request) const {
    if (!request.admitted) return out;
    out.asked_by = caller_of(request).name;
    gate_->tell_quota(out, request);
    return out;
}

} // namespace offboard::api
