#pragma once

#include "offboard/async/signal_event.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/domain/operation.hpp"
#include "offboard/engine/working_set.hpp"
#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/origin.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace offboard::dispatch {

/// An operation that is being driven. The outcomes in `op` are what the journal has; `changed` is notified
/// when the operation settles, and when waiting callers should stop waiting because the process ends.
struct live_operation {
    std::shared_ptr<operation> op;
    async::signal_event changed;
    engine::working_set::member counted;
    std::optional<wall_time> settles_at; ///< on its way to the journal with the last outcome
    telemetry::origin origin;            ///< the request that began the operation, or opened it again last
};
using live_pointer = std::shared_ptr<live_operation>;

/// The operations in memory, by id. Owned by the dispatcher; network thread only.
class live_operations {
public:
    live_operations() = default;
    live_operations(const live_operations&) = delete;
    live_operations& operator=(const live_operations&) = delete;

    live_pointer find(std::string_view id) const;
    live_pointer add(std::shared_ptr<operation>, telemetry::origin, bool arrived);
    /// The operation is settled, or was brought in for nothing.
    void remove(const live_operation&);
    const std::unordered_map<std::string, live_pointer>& all() const noexcept { return all_; }
    /// Accepted operations that are not settled, in memory or parked in the journal.
    std::uint64_t unsettled() const noexcept { return all_.size() + set.parked(); }

    engine::working_set set;
    async::signal_event changed;    ///< an operation left memory, was parked, or gave back its room
    async::signal_event brought_in; ///< operations that were parked are in memory

private:
    std::unordered_map<std::string, live_pointer> all_;
};

/// A log line about one operation: `operation`, and the request that brought it while that is known.
void tell_operation(telemetry::log&, telemetry::level, std::string_view message, std::string_view id,
                    const telemetry::origin&, std::initializer_list<telemetry::field>);

} // namespace offboard::dispatch
