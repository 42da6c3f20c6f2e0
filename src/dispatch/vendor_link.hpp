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

    /// One call, authorised. `repeatable`: a pooled connection found dead may be replaced and the call sent
    /// again though its bytes may have left. Errors as http::client, plus token_refused and token_unavailable
    /// (nothing of the call was sent).
    boost::asio::awaitable<result<incoming_response>> call(outgoing_request, bool repeatable);

    boost::asio::awaitable<void> stop();

private:
    using shared_secret = std::shared_ptr<const secret>;
    struct access {
        shared_secret token; ///< null: none held
        steady_time renew_at{};
    };

    boost::asio::awaitable<result<shared_secret>> token(steady_time deadline);
    boost::asio::awaitable<result<shared_secret>> renew(steady_time deadline);

    const vendor vendor_;
    const config::vendor_settings& settings_;
    const clock& clock_;
    telemetry::log& log_;
    http::client client_;
    async::signal_event renewed_;
    access access_;
    bool renewing_ = false;
    errc last_refusal_ = errc::token_unavailable;
};

} // namespace offboard::dispatch
