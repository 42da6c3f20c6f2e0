#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/engine/batching.hpp"
#include "offboard/engine/waiting.hpp"
#include "offboard/http/client.hpp"
#include "offboard/journal/journal.hpp"
#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/metrics.hpp"
#include "offboard/telemetry/origin.hpp"
#include "offboard/telemetry/tracer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::dispatch {

/// Reads the files of secrets again and applies what has changed, see dispatcher::use(), before it returns;
/// at the deadline at the latest.
using secret_check = std::function<boost::asio::awaitable<void>(steady_time deadline)>;

/// Makes the way to a vendor. The real one is client_factory().
using make_client = std::function<std::unique_ptr<http::exchanger>(vendor, const config::vendor_settings&)>;
make_client client_factory(boost::asio::io_context&, telemetry::log&);

/// A breaker's state, for /readyz: `closed`, `open` or `half_open`.
struct breaker_report {
    offboard::action action = offboard::action::lapse;
    std::string_view state;
};

/// An operation that was taken, or the earlier one under the same key.
struct accepted {
    std::string id;
    bool replayed = false;
    std::shared_ptr<const operation> as_taken; ///< null when it is an earlier one
};

/// Drives operations to their end: journals them, hands steps whose gates are open to the queues of the
/// vendors, and settles steps by what comes back. Owned by app, network thread only. Nothing is sent for an
/// operation before begin() has journalled it, and nothing is shown as settled before the journal has it.
///
/// Memory is bounded by the window: with a durable journal, operations beyond it wait there alone and are
/// brought in, oldest first, as others settle; so does whatever an earlier process left behind.
class dispatcher {
public:
    dispatcher(boost::asio::io_context&, const config::settings&, journal::journal&, const clock&,
               random_source&, telemetry::log&, telemetry::metrics&, telemetry::tracer&, make_client);
    ~dispatcher();

    /// Starts with what an earlier process left behind, as soon as the journal has opened; until then nothing
    /// is begun or sent. Once, before the loop runs.
    void start();

    /// Asked when a vendor refuses our credentials, before that is told. Before start().
    void on_refusal(secret_check);
    /// Credentials and roots of the vendors, as these settings have them, from the next request on. They are
    /// of the same configuration as those at start.
    void use(const config::settings&);

    /// Takes an operation (id and caller given). errc::queue_full, draining, key_reused, or the journal's
    /// errors: no vendor will be called for it. Under a known key it is the earlier operation's id.
    boost::asio::awaitable<result<accepted>> begin(offboarding, std::string id, std::string caller,
                                                   std::optional<journal::idempotency>, telemetry::origin);

    /// An operation as it is once it is settled, or at the deadline, or when the process is going down,
    /// whichever is first. errc::not_found, or the journal's errors. Look at it before the next co_await: it
    /// goes on changing.
    boost::asio::awaitable<result<std::shared_ptr<const operation>>> await_settled(std::string id,
                                                                                   steady_time deadline);

    /// Drives again what failed and may be retried, what is unknown, and what gates skipped behind those.
    /// errc::nothing_to_do, not_found, queue_full, draining, or the journal's errors: nothing was changed.
    /// The operation, as for await_settled().
    boost::asio::awaitable<result<std::shared_ptr<const operation>>> retry(std::string id, telemetry::origin);
    /// Stops what was never sent; the rest finishes. Errors as for retry().
    boost::asio::awaitable<result<std::shared_ptr<const operation>>> cancel(std::string id,
                                                                            telemetry::origin);

    /// About when the operation is settled, from queues, budgets and breakers: 1 s to an hour.
    std::chrono::seconds eta(const operation&) const;
    /// About when what waits now has been sent: for callers who are turned away.
    std::chrono::seconds eta() const;
    std::vector<breaker_report> breakers() const;
    /// What the operation's pending steps wait for now.
    engine::waiting_view waiting(const operation&) const;

    /// How each vendor's calls are shaped.
    const engine::shapes& forms() const noexcept;

    /// No new operations from now on; what is under way goes on.
    void drain() noexcept;
    bool draining() const noexcept;
    /// From now on no vendor call starts that cannot end before `end`, its timeout included.
    void end_by(steady_time end) noexcept;
    /// Wakes all callers that wait for an operation, for the last time.
    void wake_all();
    /// With a durable journal: sends nothing more; what waits is for the next process. Else: waits until no
    /// operation is unsettled, or for the deadline. Then returns when no call is in flight, at `last_end` at
    /// the latest.
    boost::asio::awaitable<void> idle(steady_time deadline, steady_time last_end);
    /// Cuts what is still in flight, closes the journal, and waits until every task has ended.
    boost::asio::awaitable<void> stop();
    /// Accepted operations that are not settled, in memory or in the journal alone.
    std::uint64_t unsettled() const noexcept;

private:
    struct parts;
    const std::unique_ptr<parts> parts_;
};

} // namespace offboard::dispatch
