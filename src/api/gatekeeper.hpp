#pragma once

#include "offboard/api/authenticator.hpp"
#include "offboard/http/message.hpp"
#include "offboard/policy/quotas.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace offboard::api {

/// A scope, and the route or the option that needs it: "POST /offboard", "options.erase_gate none".
struct need {
    config::scope scope = config::scope::write;
    std::string of; ///< what of the request needs the scope
};

/// Stands before the routes: who asks (401), how often (429), and what for (403). What it lets in has its
/// caller in request::admitted. Network thread only.
class gatekeeper {
public:
    gatekeeper(authenticator&, const clock&);

    /// Before the body is read: lets in, refuses, or leaves it to let_in() when nothing is `admitted`.
    std::optional<http::response> admit(http::request& head, need);
    /// Waits, when it must, for the issuer's keys until the deadline: 503 then.
    boost::asio::awaitable<std::optional<http::response>> let_in(http::request&, need, steady_time deadline);

    /// 403 that names what is missing, and what needs it; nothing when nothing is. For a caller that was let
    /// in.
    static std::optional<http::response> lacking(const http::request&, std::span<const need>);

    /// Adds what the caller's quota is and what is left of it: RateLimit-Policy and RateLimit of
    /// draft-ietf-httpapi-ratelimit-headers. Nothing without a quota. For a caller that was let in.
    void tell_quota(http::response&, const http::request&) const;

private:
    std::optional<http::response> act_on(verdict, http::request&, need);

    authenticator& authenticator_;
    const clock& clock_;
    policy::quotas quotas_;
};

/// Who was let in.
const caller& caller_of(const http::request&) noexcept;

} // namespace offboard::api
