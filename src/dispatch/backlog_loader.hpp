#pragma once

#include "live_operations.hpp"
#include "operation_driver.hpp"
#include "vendor_drivers.hpp"

#include "offboard/journal/journal.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace offboard::dispatch {

/// Brings operations that wait in the journal alone into memory, oldest first, as the working set has room.
/// Owned by the dispatcher; network thread only.
class backlog_loader {
public:
    /// All of it outlives this.
    backlog_loader(live_operations& live, operation_driver& driver, const vendor_drivers& vendors,
                   journal::journal& j, const clock& c, telemetry::log& log)
        : live_(live), driver_(driver), vendors_(vendors), journal_(j), time_(c), log_(log) {}

    /// Takes over from an earlier process once the journal has opened: first what it spent of the budgets,
    /// then the operations that it did not settle. Goes on until halt() with a durable journal.
    boost::asio::awaitable<void> run(const config::settings&);
    /// The operation in memory, brought in from the journal if need be. errc::not_found, queue_full,
    /// journal_unavailable, or the journal's errors.
    boost::asio::awaitable<result<live_pointer>> bring_in(std::string id, engine::purpose);
    void halt() noexcept { halted_ = true; }

private:
    void restore_budgets(const config::settings&);
    boost::asio::awaitable<void> load();
    /// What a round over the whole backlog has come to.
    struct round {
        bool found_any = false;
        bool passed_over = false; ///< one at least had no room
        duration reading{};       ///< what its reads took
    };
    void adopt_page(const std::vector<std::shared_ptr<operation>>&, round&);

    live_operations& live_;
    operation_driver& driver_;
    const vendor_drivers& vendors_;
    journal::journal& journal_;
    const clock& time_;
    telemetry::log& log_;
    bool halted_ = false;
};

} // namespace offboard::dispatch
