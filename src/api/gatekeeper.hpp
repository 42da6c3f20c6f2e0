#pragma once

#include "offboard/api/authenticator.hpp"
#include "offboard/http/message.hpp"
#include "offboard/policy/quotas.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>

namespace offboard::api {

/// Stands before the routes: who asks (401), how often (429), and what for (403). What it lets in has its
/// caller in request::admitted. Network thread only.
class gatekeeper {
public:
    gatekeeper(authenticator&, const clock&);

    /// Before the body is read: lets in, refuses, or leaves it to let_in() when nothing is `admitted`.
    std::optional<http::response> admit(http::request& head, config::scope needed);
    /// Waits, when it must, for the issuer's keys until the deadline: 503 then.
    boost::asio::awaitable<std::optional<http::response>> let_in(http::request&, config::scope needed,
                                                                 steady_time deadline);

    /// 403 that names what is missing of `needed`; nothing when nothing is. For whom was let in.
    static std::optional<http::response> lacking(const http::request&, config::scope_set needed);

private:
    std::optional<http::response> act_on(verdict, http::request&, config::scope needed);

    authenticator& authenticator_;
    const clock& clock_;
    policy::quotas quotas_;
};

/// Who was let in.
const caller& caller_of(const http::request&) noexcept;

} // namespace offboard::api
