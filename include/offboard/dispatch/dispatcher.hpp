#pragma once

#include "offboard/async/signal_event.hpp"
#include "offboard/async/task_group.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/dispatch/batching.hpp"
#include "offboard/journal/journal.hpp"
#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/metrics.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace offboard::dispatch {

class desk;

/// A breaker's state, for /readyz: `closed`, `open` or `half_open`.
struct breaker_report {
    offboard::action action = offboard::action::lapse;
    std::string_view state;
};

/// An operation that is being driven. `op` is its truth as of the last durable record; `changed` is notified
/// when it settles, and when whoever waits should stop waiting because the process is going down.
struct live_operation {
    operation op;
    async::signal_event changed;
    bool closing = false; ///< its last record is being written
};

/// Drives operations to their end: journals them, hands steps whose gates are open to the vendors' desks, and
/// settles steps by what comes back. Owned by app, network thread only. Nothing is sent for an operation
/// before begin() has journalled it, and nothing is shown as settled before the journal has it.
class dispatcher {
public:
    dispatcher(boost::asio::io_context&, const config::settings&, journal::journal&, const clock&,
               random_source&, telemetry::log&, telemetry::metrics&);
    ~dispatcher();

    /// Takes an operation (id, what and created_at set). errc::queue_full, draining, or the journal's errors:
    /// no vendor will be called for it.
    boost::asio::awaitable<result<std::shared_ptr<live_operation>>> begin(offboarding, std::string id);

    /// The operation while it is being driven; null when it is settled or unknown: ask the journal then.
    std::shared_ptr<live_operation> find(std::string_view id) const;

    /// About when the operation is settled, from queues, budgets and breakers: 1 s to an hour.
    std::chrono::seconds eta(const operation&) const;
    /// About when what waits now has been sent: for callers who are turned away.
    std::chrono::seconds eta() const;
    std::vector<breaker_report> breakers() const;

    const shapes& forms() const noexcept { return forms_; }

    /// No new operations from now on; what is under way goes on.
    void drain() noexcept { draining_ = true; }
    bool draining() const noexcept { return draining_; }
    /// Lets everybody who waits for an operation look at it once more, for the last time.
    void wake_all();
    bool closing() const noexcept { return closing_; }
    /// Returns when no operation is unsettled, or at the deadline; the number of those that are.
    boost::asio::awaitable<std::size_t> idle(steady_time deadline);
    /// Cuts what is still in flight and waits until every task has ended.
    boost::asio::awaitable<void> stop();

private:
    friend class desk;

    /// A step's news from a desk.
    struct settlement {
        ask whose;
        offboard::outcome outcome;
    };

    /// True when the operation is older than give_up_after: nothing of it is tried again.
    bool given_up(const operation&) const;
    boost::asio::awaitable<void> settle(std::vector<settlement>);
    void enqueue(const std::shared_ptr<live_operation>&, std::size_t customer);
    void finish(const std::shared_ptr<live_operation>&);

    boost::asio::io_context& io_;
    const config::settings& settings_;
    journal::journal& journal_;
    const clock& clock_;
    random_source& random_;
    telemetry::log& log_;
    telemetry::metrics& metrics_;
    async::task_group tasks_;
    shapes forms_;
    std::array<std::unique_ptr<desk>, vendor_count> desks_;
    std::unordered_map<std::string, std::shared_ptr<live_operation>> live_;
    async::signal_event finished_; ///< an operation settled
    bool draining_ = false;
    bool closing_ = false;
};

} // namespace offboard::dispatch
