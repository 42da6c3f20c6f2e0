#include "gatekeeper.hpp"

#include "offboard/api/problem.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace offboard::api {

namespace {

constexpr std::size_t most_callers = 10'000;
constexpr std::string_view realm = "Bearer realm=\"offboard\"";
constexpr auto come_again_for_keys = "5";
/// Bytes. Whose request waits for the issuer's keys with a body is anybody: as many as there may be
/// connections must not take the room for bodies from those who are known.
constexpr std::size_t most_unknown_body = 4096;

/// RFC 6750, section 3: without credentials no error is named.
http::response unauthenticated(const verdict& v, std::string_view request_id) {
    std::string challenge(realm);
    if (v.is == verdict::kind::invalid) challenge += ", error=\"invalid_token\"";
    return problem(401, "unauthenticated", v.why, request_id).with("WWW-Authenticate", std::move(challenge));
}

std::string whole_seconds(duration d) {
    return std::to_string(std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(d).count(), 1));
}

} // namespace

const caller& caller_of(const http::request& request) noexcept {
    return *static_cast<const caller*>(request.admitted.get());
}

gatekeeper::gatekeeper(authenticator& a, const clock& c)
    : authenticator_(a), clock_(c), quotas_(most_callers) {}

std::optional<http::response> gatekeeper::admit(http::request& head, need needed) {
    verdict v = authenticator_.judge(head);
    const bool may_wait = !head.chunked && head.content_length.value_or(0) <= most_unknown_body;
    if (v.is == verdict::kind::undecided && may_wait) return std::nullopt;
    return act_on(std::move(v), head, needed);
}

asio::awaitable<std::optional<http::response>> gatekeeper::let_in(http::request& request, need needed,
                                                                  steady_time deadline) {
    verdict v = co_await authenticator_.judge_in_time(request, deadline);
    std::optional<http::response> out = act_on(std::move(v), request, needed);
    co_return out;
}

std::optional<http::response> gatekeeper::act_on(verdict v, http::request& request, need needed) {
    const std::string& id = request.request_id;
    switch (v.is) {
    case verdict::kind::accepted: break;
    case verdict::kind::missing:
    case verdict::kind::invalid: return unauthenticated(v, id);
    case verdict::kind::malformed: return problem(400, "bad-request", v.why, id);
    case verdict::kind::undecided:
        return problem(503, "keys-unavailable",
                       "The keys of the token's issuer cannot be read. No vendor was called.", id)
            .with("Retry-After", come_again_for_keys);
    }
    request.admitted = v.who;
    if (const auto& quota = v.who->quota) {
        const auto wait = quotas_.take(v.who->name, quota->requests, quota->per, clock_.now());
        if (wait) {
            http::response out =
                problem(429, "quota-exhausted", "The caller's quota is used up. No vendor was called.", id);
            out.with("Retry-After", whole_seconds(*wait));
            out.asked_by = v.who->name;
            return out;
        }
    }
    return lacking(request, {&needed, 1});
}

std::optional<http::response> gatekeeper::lacking(const http::request& request, std::span<const need> needs) {
    const caller& who = caller_of(request);
    std::string scopes;
    std::string reasons;
    for (const need& n : needs) {
        if (who.scopes.has(n.scope)) continue;
        if (!scopes.empty()) {
            scopes += ' ';
            reasons += ", ";
        }
        scopes += to_string(n.scope);
        reasons.append(to_string(n.scope)).append(" for ").append(n.of);
    }
    if (scopes.empty()) return std::nullopt;
    http::response out = problem(403, "insufficient-scope",
                                 "The credentials lack what this needs: " + scopes + " (" + reasons + ").",
                                 request.request_id);
    std::string challenge(realm);
    challenge += ", error=\"insufficient_scope\", scope=\"";
    challenge += scopes;
    challenge += '"';
    out.with("WWW-Authenticate", std::move(challenge));
    out.asked_by = who.name;
    return out;
}

void gatekeeper::tell_quota(http::response& out, const http::request& request) const {
    const caller& who = caller_of(request);
    if (!who.quota) return;
    const config::caller_quota& q = *who.quota;
    const policy::quotas::allowance left = quotas_.left(who.name, q.requests, q.per, clock_.now());
    const auto whole = [](duration d) {
        return std::to_string(std::chrono::ceil<std::chrono::seconds>(d).count());
    };
    // The policy's name is our own: a caller's name would be told to every reader of the answer.
    out.with("RateLimit-Policy", "\"caller\";q=" + std::to_string(q.requests) + ";w=" + whole(q.per));
    out.with("RateLimit", "\"caller\";r=" + std::to_string(left.requests) + ";t=" + whole(left.full_in));
}

} // namespace offboard::api
