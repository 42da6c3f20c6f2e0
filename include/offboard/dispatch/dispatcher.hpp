#pragma once

#include "offboard/async/signal_event.hpp"
#include "offboard/async/task_group.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/engine/batching.hpp"
#include "offboard/engine/give_up.hpp"
#include "offboard/engine/settlement.hpp"
#include "offboard/http/client.hpp"
#include "offboard/journal/journal.hpp"
#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/metrics.hpp"
#include "offboard/telemetry/origin.hpp"
#include "offboard/telemetry/tracer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace offboard::dispatch {

using engine::settlement;
using engine::settlements;
using engine::shape;
using engine::shapes;

class vendor_driver;

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

/// An operation that is being driven. The outcomes in `op` are what the journal has; `changed` is notified
/// when it settles, and when waiting callers should stop waiting because the process ends.
struct live_operation {
    std::shared_ptr<operation> op;
    async::signal_event changed;
    std::size_t weight = 0;              ///< see weight_of()
    bool arrived = false;                ///< taken from a caller, not from the backlog
    std::size_t unsettled = 0;           ///< steps whose outcome the journal does not have
    std::size_t undecided = 0;           ///< of those, steps whose outcome is not even on its way there
    std::optional<wall_time> settles_at; ///< on its way there with the last outcome
    telemetry::origin origin;            ///< the request that began it, or opened it again last
};

/// An operation that was taken, or the earlier one under the same key.
struct accepted {
    std::string id;
    bool replayed = false;
    std::shared_ptr<const operation> as_taken; ///< null when it is an earlier one
};

/// What one page of the backlog may bring into memory, and all of it together.
struct window {
    std::size_t page_operations = 256;
    std::size_t page_steps = 5'000;
    std::size_t steps = 100'000; ///< unsettled ones, of operations that are being driven
    /// Of those, steps of one vendor: one that is down does not keep the others' from being driven.
    std::size_t steps_of_one = 40'000;
    /// All steps of operations that are being driven, settled ones included, by weight_of(): what is settled
    /// waits in memory for the operation's last step.
    std::size_t memory = 400'000;
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
    void on_refusal(secret_check check) { check_ = std::move(check); }
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

    const shapes& forms() const noexcept { return forms_; }

    /// No new operations from now on; what is under way goes on.
    void drain() noexcept { draining_ = true; }
    bool draining() const noexcept { return draining_; }
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
    std::uint64_t unsettled() const noexcept { return live_.size() + parked_; }

private:
    using live_pointer = std::shared_ptr<live_operation>;

    /// The drivers' way to the operations.
    class port;
    engine::vendor_view view_of(action) const;
    live_pointer find(std::string_view id) const;
    /// A log line about one operation: `operation`, and the request that brought it while that is known.
    void tell(telemetry::level, std::string_view message, std::string_view id, const telemetry::origin&,
              std::initializer_list<telemetry::field>);

    // settling.cpp: from a step's news to what callers see.
    boost::asio::awaitable<void> settle(settlements, std::optional<journal::flight_number> landed);
    void tell_unrecorded(const boost::system::error_code&, const settlements&);
    void decide(settlements&);
    std::vector<journal::progress_record> records_of(const settlements&);
    void apply(settlements);
    void finish(const live_pointer&);

    // backlog.cpp: what is driven, and what waits in the journal alone.
    /// What an operation is brought in for: new work; work that waited or is opened again; to be stopped.
    enum class purpose : std::uint8_t { new_work, work, rest };
    bool room_for(const operation&, purpose) const noexcept;
    /// True while the feeder may bring in more.
    bool may_feed() const noexcept;
    /// Takes over from an earlier process: first what it spent of the budgets, then what it did not settle.
    boost::asio::awaitable<void> resume();
    /// Starts to drive an operation; hands its open steps to the vendors' queues. pump() is the caller's.
    live_pointer adopt(const std::shared_ptr<operation>&, telemetry::origin, bool arrived);
    /// Hands over the open steps of the customers from `from` on, up to slice_steps steps. Returns the next.
    std::size_t enqueue_slice(const live_pointer&, std::size_t from, settlements& at_once);
    boost::asio::awaitable<void> enqueue_rest(live_pointer, std::size_t from);
    /// The unsettled steps in memory of one operation have changed by so many.
    void count_unsettled(live_operation&, action, std::ptrdiff_t by);
    void let_go(const live_operation&);
    void enqueue(const live_pointer&, std::size_t customer, settlements& too_late);
    boost::asio::awaitable<void> feed();
    /// What settled while something was read: that is out of date in what was read.
    std::unordered_set<std::string> end_of_reading();
    boost::asio::awaitable<void> give_up_in_time();
    /// The operation as it is driven, brought in from the journal if need be.
    boost::asio::awaitable<result<live_pointer>> bring_in(std::string id, purpose);
    std::chrono::seconds parked_eta() const;
    /// Lets go of an operation that was brought in and is settled as it was.
    void release(const live_pointer&);
    void pump();
    void halt();

    boost::asio::io_context& io_;
    const config::settings& settings_;
    journal::journal& journal_;
    const clock& clock_;
    random_source& random_;
    telemetry::log& log_;
    telemetry::metrics& metrics_;
    telemetry::tracer& tracer_;
    async::task_group tasks_;
    const make_client make_client_;
    secret_check check_;
    shapes forms_;
    std::unique_ptr<port> port_;
    std::array<std::unique_ptr<vendor_driver>, vendor_count> drivers_;
    std::unordered_map<std::string, live_pointer> live_;
    const window window_;
    std::size_t live_weight_ = 0;       ///< of all steps of live operations
    std::size_t live_unsettled_ = 0;    ///< steps of live operations
    std::size_t arrived_unsettled_ = 0; ///< of those, steps of operations that came from callers
    std::array<std::size_t, vendor_count> unsettled_steps_{}; ///< steps, by vendor
    std::size_t beginning_weight_ = 0;                        ///< of operations on their way into the journal
    std::uint64_t parked_ = 0;       ///< unsettled operations that wait in the journal alone
    std::uint64_t parked_steps_ = 0; ///< about so many steps of theirs
    bool parked_lately_ = false;     ///< since the feeder began its round
    std::size_t reading_ = 0;        ///< reads of the journal under way
    std::unordered_set<std::string> settled_meanwhile_; ///< since the first of them began
    std::unordered_set<std::string> beginning_;         ///< being journalled, to be driven at once
    async::signal_event changed_;                       ///< an operation settled or was parked
    async::signal_event brought_in_;                    ///< some that were parked are being driven
    bool draining_ = false;
    bool closing_ = false;
    bool halted_ = false;
};

} // namespace offboard::dispatch
