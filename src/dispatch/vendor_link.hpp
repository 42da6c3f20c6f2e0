#pragma once

#include "offboard/async/signal_event.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/engine/token_state.hpp"
#include "offboard/http/client.hpp"
#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/tracer.hpp"
#include "offboard/vendors/auth.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>

namespace offboard::dispatch {

/// An answer's status as the reason of a log line.
std::string answered(unsigned status);

/// The way to one vendor with one set of credentials: connections, and the access token where there is one.
/// The token is asked for once however many calls want it, renewed before it expires, and once more on a 401.
/// Credentials and roots may be exchanged at any time. Owned by its driver; network thread only.
class vendor_link {
public:
    /// `check` is asked when the vendor refuses the credentials; it may be empty, and outlives this.
    vendor_link(std::unique_ptr<http::exchanger>, vendor, const config::vendor_settings&, const clock&,
                telemetry::log&, telemetry::tracer&, const secret_check& check);

    /// One call, authorised. Errors as http::client, plus token_refused and token_unavailable (nothing of the
    /// call was sent). After a 401 the token is forgotten: the next call has a new one. A token request is a
    /// span below the call's own, `place`, where that is kept. `reason`, which must outlive the call, becomes
    /// an error in words for the log.
    boost::asio::awaitable<result<incoming_response>>
    call(outgoing_request, http::may_repeat, telemetry::trace_context place, std::string& reason);
    /// Where the calls go, for the log: host:port.
    const std::string& server() const noexcept { return server_; }

    /// True when calls carry a token, so that a 401 may be worth a second call.
    bool has_token() const noexcept;

    /// From the next request on: credentials of the same kind, and roots. A token that was given for the
    /// credentials before is replaced by the next call, and goes on if that fails, until it expires or is
    /// refused.
    void use(const config::vendor_settings&);
    /// Tells the credentials of one time from those of another.
    std::uint64_t version() const noexcept { return version_; }

    boost::asio::awaitable<void> stop();

private:
    using shared_secret = engine::token_state::token;
    boost::asio::awaitable<result<shared_secret>> token(steady_time deadline, telemetry::trace_context);
    boost::asio::awaitable<result<shared_secret>> wait_for_token(steady_time deadline);
    boost::asio::awaitable<void> renew(steady_time deadline, telemetry::trace_context);
    boost::asio::awaitable<result<vendors::token>> ask_for_token(steady_time deadline,
                                                                 telemetry::trace_context);
    /// Takes over the Retry-After of the token endpoint.
    void heed(const incoming_response&);

    const vendor vendor_;
    const config::vendor_settings& settings_;
    const clock& clock_;
    telemetry::log& log_;
    telemetry::tracer& tracer_;
    const secret_check& check_;
    const std::string server_;
    const std::unique_ptr<http::exchanger> client_;
    credentials credentials_;
    std::string roots_;
    std::uint64_t version_ = 0; ///< of the credentials
    async::signal_event renewed_;
    engine::token_state state_;
};

} // namespace offboard::dispatch
