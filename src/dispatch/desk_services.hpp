#pragma once

#include "offboard/async/task_group.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/engine/outcomes.hpp"
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

// What this room takes from the engine.
using engine::add;
using engine::as_seats;
using engine::ask;
using engine::customers_in;
using engine::lane_key;
using engine::lane_of;
using engine::line;
using engine::outcome_at_the_end;
using engine::outcome_of;
using engine::pack;
using engine::packed;
using engine::seat;
using engine::seat_of;
using engine::shape;

/// Who drives the operations, as the desk of a vendor sees it.
class operations_port {
public:
    /// Makes news of steps durable and shows it; `landed` is the call that has ended with it.
    virtual boost::asio::awaitable<void> settle(settlements,
                                                std::optional<journal::flight_number> landed) = 0;
    /// True when nothing of the operation is tried again.
    virtual bool given_up(const operation&) const = 0;
    /// The request that brought the operation; null where the operation is of an earlier process.
    virtual const telemetry::origin* origin_of(std::string_view id) const = 0;

protected:
    ~operations_port() = default;
};

/// What a desk works with. All of it outlives the desk.
struct desk_services {
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
