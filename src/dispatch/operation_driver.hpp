#pragma once

#include "live_operations.hpp"
#include "vendor_drivers.hpp"
#include "vendor_services.hpp"

#include "offboard/engine/settlement.hpp"
#include "offboard/journal/journal.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <vector>

namespace offboard::dispatch {

/// So many steps are worked on before others have their turn: some milliseconds of work.
inline constexpr std::size_t slice_steps = 2'000;

/// Takes an operation from its open gates to its last outcome: hands open steps to the vendors' queues, makes
/// outcomes durable, shows them, and opens the gates behind them. Owned by the dispatcher; network thread
/// only.
class operation_driver final : public operations_port {
public:
    struct parts {
        live_operations& live;
        async::task_group& tasks;
        journal::journal& journal;
        const clock& time;
        telemetry::log& log;
        telemetry::metrics& metrics;
        engine::give_up_rule give_up;
    };
    /// All parts outlive this.
    explicit operation_driver(const parts& p) : with_(p) {}
    /// Before anything else. The drivers outlive this.
    void use(const vendor_drivers& drivers) { drivers_ = &drivers; }

    /// Starts to drive an operation. pump() is the caller's.
    live_pointer adopt(std::shared_ptr<operation>, telemetry::origin, bool arrived);
    /// Hands over the open steps of all customers, the first slice at once and the rest in the background,
    /// and settles what cannot be sent any more. pump() is the caller's.
    void hand_over_all(const live_pointer&);
    /// Settles in slices what waits of a cancelled operation.
    boost::asio::awaitable<void> settle_cancelled(live_pointer);
    /// Settles the steps of operations that are too old, again and again until halt().
    boost::asio::awaitable<void> give_up_in_time();
    /// Shows that the operation is settled, and lets go of it.
    void finish(const live_pointer&);
    /// Sends what may be sent.
    void pump() const { drivers_->pump(); }
    /// Nothing more is handed over.
    void halt() noexcept { halted_ = true; }

    boost::asio::awaitable<void> settle(engine::settlements,
                                        std::optional<journal::flight_number> landed) override;
    const telemetry::origin* origin_of(std::string_view id) const override;

private:
    // handing_over.cpp: from an open gate to a vendor's queue.
    /// The open steps of the customers from `from` on, up to slice_steps steps. Returns the next customer.
    std::size_t hand_over_slice(const live_pointer&, std::size_t from, engine::settlements& at_once);
    boost::asio::awaitable<void> hand_over_rest(live_pointer, std::size_t from);
    /// The open steps of one customer.
    void hand_over(const live_pointer&, std::size_t customer, engine::settlements& too_late);
    engine::settlements given_up_now() const;

    // settling.cpp: from a step's news to what callers see.
    void tell_unrecorded(const boost::system::error_code&, const engine::settlements&);
    void decide(engine::settlements&);
    std::vector<journal::progress_record> records_of(const engine::settlements&);
    void apply(engine::settlements);

    const parts with_;
    const vendor_drivers* drivers_ = nullptr;
    bool halted_ = false;
};

} // namespace offboard::dispatch
