#pragma once

#include "offboard/api/authenticator.hpp"
#include "offboard/async/offload.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/http/router.hpp"
#include "offboard/journal/journal.hpp"

#include <memory>
#include <optional>
#include <string>

namespace offboard::api {

class gatekeeper;
struct idle_reason;
struct need;

/// The main listener's routes: POST /offboard, GET /offboard/{id}, POST /offboard/{id}/retry and /cancel,
/// POST /offboard/lookup, GET /openapi.yaml. Owned by app; its router lives longer than the server that uses
/// it. Network thread only.
///
/// With authentication POST /offboard needs the scope write, and erase when its plan forgets, and operate
/// when its erase_gate is none; GET needs read; retry, cancel and lookup operate. An operation is there for
/// its own caller and for operate; to others it is 404. The contract is open.
class offboard_routes {
public:
    offboard_routes(const config::settings&, authenticator&, dispatch::dispatcher&, journal::journal&,
                    const clock&, random_source&, std::shared_ptr<const std::string> openapi);
    ~offboard_routes();
    void add_to(http::router&);

private:
    using endpoint = boost::asio::awaitable<http::response> (offboard_routes::*)(http::request&);
    using admission = std::optional<http::response> (*)(const http::request& head);
    /// A route for callers with that scope, who are known before the body is read, unless keys are wanting.
    void add(http::router&, const char* method, const char* pattern, need, endpoint, admission);
    boost::asio::awaitable<http::response> let_in(http::request&, need, endpoint);
    boost::asio::awaitable<http::response> post(http::request&);
    boost::asio::awaitable<http::response> get(http::request&);
    boost::asio::awaitable<http::response> contract(http::request&);
    boost::asio::awaitable<http::response> retry(http::request&);
    boost::asio::awaitable<http::response> cancel(http::request&);
    boost::asio::awaitable<http::response> lookup(http::request&);
    /// A retry or a cancel, answered as POST /offboard would be now.
    using deed = boost::asio::awaitable<result<std::shared_ptr<const operation>>> (dispatch::dispatcher::*)(
        std::string, telemetry::origin);
    using explanation = idle_reason (*)(const operation&) noexcept;
    boost::asio::awaitable<http::response> command(http::request&, deed, explanation);
    boost::asio::awaitable<http::response> nothing_done(http::request&, std::string id, explanation);
    /// What would be sent; made on the helper's thread when it is much.
    boost::asio::awaitable<http::response> dry_run(http::request&, offboarding);
    http::response refusal(const boost::system::error_code&, const http::request&) const;
    /// 200, 207 or 202 by the operation's state. `applied`: what of Prefer was honoured.
    boost::asio::awaitable<http::response> answer(std::shared_ptr<const operation>, const http::request&,
                                                  std::string applied) const;
    /// What every answer has, once.
    http::response finish(http::response, const http::request&) const;

    const config::settings& settings_;
    const std::unique_ptr<gatekeeper> gate_;
    dispatch::dispatcher& dispatcher_;
    journal::journal& journal_;
    const clock& clock_;
    random_source& random_;
    std::shared_ptr<const std::string> openapi_;
    async::offload_pool helper_; ///< one thread: what it does at a time is what it takes in memory
};

} // namespace offboard::api
