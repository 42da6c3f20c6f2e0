#pragma once

#include "rotation.hpp"
#include "system.hpp"
#include "trace_exporter.hpp"

#include "offboard/api/offboard_routes.hpp"
#include "offboard/async/task_group.hpp"
#include "offboard/base/steadied_clock.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/http/router.hpp"
#include "offboard/http/server.hpp"
#include "offboard/journal/journal.hpp"
#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/metrics.hpp"
#include "offboard/telemetry/tracer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <memory>
#include <string>

namespace offboard::app {

/// The whole gateway, composed: what is made first is needed by what is made after it, and dies after it. One
/// thread.
class gateway {
public:
    /// Throws std::runtime_error when a certificate or a bundle of them, the journal or a token issuer's keys
    /// cannot be used.
    gateway(const config::settings&, configuration read_from, telemetry::log&);

    /// Listens, serves until SIGTERM or SIGINT, drains, returns the exit status: 0, or 2 when it could not
    /// listen.
    int run();

private:
    bool listen(http::server&, std::string_view name, const config::endpoint&);
    boost::asio::awaitable<void> serve();
    boost::asio::awaitable<void> wake_waiters(steady_time);
    boost::asio::awaitable<void> change_level();
    boost::asio::awaitable<void> check_when_asked();
    /// Whatever may differ between two loads of the configuration, from now on as these settings have it.
    void take_over(const config::settings&);
    http::server_hooks hooks(std::string_view listener);
    void access_line(std::string_view listener, const http::exchange_record&);

    const config::settings& settings_;
    telemetry::log& log_;
    system_clock system_clock_;
    steadied_clock clock_{system_clock_};
    system_random random_;
    boost::asio::io_context io_{1};
    boost::asio::signal_set signals_;
    boost::asio::signal_set levels_; ///< SIGUSR1: the log tells all; SIGUSR2: as configured
    boost::asio::signal_set checks_; ///< SIGHUP: the files of secrets are read now
    async::task_group tasks_;
    telemetry::metrics metrics_{OFFBOARD_VERSION};
    telemetry::tracer tracer_;
    std::unique_ptr<trace_exporter> exporter_; ///< null without a collector
    std::unique_ptr<journal::journal> journal_;
    dispatch::dispatcher dispatcher_;
    api::authenticator authenticator_;
    rotation rotation_;
    api::offboard_routes routes_;
    http::router main_router_;
    http::router admin_router_;
    http::server main_;
    http::server admin_;
    bool listening_ = false;
    bool ready_ = false;
};

} // namespace offboard::app
