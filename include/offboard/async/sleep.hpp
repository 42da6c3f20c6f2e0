#pragma once

#include "offboard/base/clock.hpp"

#include <boost/asio/awaitable.hpp>

namespace offboard::async {

/// Waits; true when the time has come, false when the caller was cancelled.
boost::asio::awaitable<bool> sleep_until(steady_time);
boost::asio::awaitable<bool> sleep_for(duration);

} // namespace offboard::async
