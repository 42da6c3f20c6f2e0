#pragma once

#include "offboard/async/signal_event.hpp"
#include "offboard/async/task_group.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"
#include "offboard/config/tracing_settings.hpp"
#include "offboard/http/client.hpp"
#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/metrics.hpp"
#include "offboard/telemetry/otlp.hpp"
#include "offboard/telemetry/tracer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::app {

/// When the exporter sends, and how it puts up with a collector that does not take what it is sent.
struct export_pace {
    duration every = std::chrono::seconds(5); ///< or when a batch is full
    duration first_pause = std::chrono::seconds(1);
    duration longest_pause = std::chrono::seconds(30); ///< of Retry-After too
    unsigned most_tries = 5;                           ///< of one batch
};

/// Takes spans from the tracer and sends them to the collector, one batch at a time. No caller waits for it:
/// what a collector that is slow or gone does not take in time finds no room in the tracer, or is dropped
/// here; in either case it is counted. 429, 502, 503, 504 and a collector that cannot be reached are tried
/// again after a growing while, or the one that Retry-After names; any other answer but 2xx drops the batch.
///
/// Owned by app; network thread only.
class trace_exporter {
public:
    /// Throws std::runtime_error when the certificates cannot be read.
    trace_exporter(boost::asio::io_context&, const config::tracing_settings&, telemetry::otlp::resource,
                   telemetry::tracer&, const clock&, random_source&, telemetry::log&, telemetry::metrics&,
                   export_pace = {});
    ~trace_exporter();

    void start();

    /// From now on the collector is known by these roots, as http::client::trust() has it, and sent these
    /// headers.
    void use(const config::tracing_settings&);

    /// Sends what is there, each batch once, until the deadline. What is left then is dropped and counted.
    boost::asio::awaitable<void> stop(steady_time deadline);

private:
    enum class fate { delivered, dropped, again };

    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> deliver(std::vector<telemetry::span> batch);
    /// What became of one try; `pause` is set for another.
    fate judge(const result<incoming_response>&, std::size_t spans, unsigned tries, duration& pause);
    duration pause_after(unsigned tries);
    const telemetry::otlp::moment& now();
    void drop(std::size_t spans, telemetry::word why);
    void tell_trouble(std::string_view why, unsigned status);

    const std::string target_;
    const duration timeout_;
    const telemetry::otlp::resource resource_;
    telemetry::tracer& tracer_;
    const clock& clock_;
    random_source& random_;
    telemetry::log& log_;
    telemetry::metrics& metrics_;
    const export_pace pace_;
    std::string roots_;
    std::vector<std::pair<std::string, secret>> headers_;
    http::client client_;
    async::task_group tasks_;
    async::signal_event wanted_; ///< another batch is full, or the end has come
    telemetry::otlp::moment moment_;
    steady_time until_ = steady_time::max(); ///< the end, once it has come
    bool stopping_ = false;
    bool in_trouble_ = false; ///< and the log says so
};

} // namespace offboard::app
