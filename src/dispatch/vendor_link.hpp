#pragma once

#include "offboard/async/signal_event.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/http/client.hpp"
#include "offboard/telemetry/log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>

namespace offboard::dispatch {

/// The way to one vendor with one set of credentials: connections, and the access token where there is one.
/// The token is asked for once however many calls want it, renewed before it expires, and once more on a 401.
/// Owned by its desk; network thread only.
class vendor_link {
public:
    vendor_link(boost::asio::io_context&, vendor, const config::vendor_settings&, const clock&,
                telemetry::log&);

    /// One call, authorised. Errors as http::client, plus token_refused and token_unavailable (nothing of the
    /// call was sent). After a 401 the token is forgotten: the next call has a new one.
    boost::asio::awaitable<result<incoming_response>> call(outgoing_request, http::may_repeat);

    /// True when calls carry a token, so that a 401 may be worth a second call.
    bool has_token() const noexcept;

    boost::asio::awaitable<void> stop();

private:
    using shared_secret = std::shared_ptr<const secret>;
    boost::asio::awaitable<result<shared_secret>> token(steady_time deadline);
    boost::asio::awaitable<result<shared_secret>> renew(steady_time deadline);
    /// What the vendor thought of the token.
    void judge(const shared_secret& used, bool refused);
    /// No token request for a while that grows with `failures`.
    void hold(std::uint32_t failures);

    const vendor vendor_;
    const config::vendor_settings& settings_;
    const clock& clock_;
    telemetry::log& log_;
    http::client client_;
    async::signal_event renewed_;
    shared_secret token_; ///< null: none held
    steady_time made_at_{};
    steady_time renew_at_{};
    bool renewing_ = false;
    std::uint64_t renewals_ = 0; ///< finished ones, well or not
    // After a failure nobody asks again for a growing while: a wrong secret must not become a request a call.
    errc failure_ = errc::token_unavailable;
    std::uint32_t failures_ = 0;
    std::uint32_t useless_ = 0; ///< new tokens in a row that the vendor's API refused
    steady_time not_before_{};
};

} // namespace offboard::dispatch
