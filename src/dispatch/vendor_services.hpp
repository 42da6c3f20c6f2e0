#pragma once

#include "offboard/async/task_group.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/engine/settlement.hpp"
#include "offboard/journal/journal.hpp"
#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/metrics.hpp"
#include "offboard/telemetry/origin.hpp"
#include "offboard/telemetry/tracer.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string_view>

namespace offboard::dispatch {

/// The operations, as the driver of one vendor sees them.
class operations_port {
public:
    /// Makes news of steps durable and shows them; `landed` is the call that has ended with them.
    virtual boost::asio::awaitable<void> settle(engine::settlements,
                                                std::optional<journal::flight_number> landed) = 0;
    /// The request that brought the operation; null where the operation is of an earlier process.
    virtual const telemetry::origin* origin_of(std::string_view id) const = 0;

protected:
    ~operations_port() = default;
};

/// What a vendor's driver works with. All of it outlives the driver.
struct vendor_services {
    operations_port& operations;
    boost::asio::any_io_executor executor;
    async::task_group& tasks;
    const make_client& clients;
    const secret_check& check;
    journal::journal& journal;
    const clock& time;
    random_source& random;
    telemetry::log& log;
    telemetry::metrics& metrics;
    telemetry::tracer& tracer;
    const config::settings& settings;
};

} // namespace offboard::dispatch
