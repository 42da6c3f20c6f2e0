#pragma once

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>

namespace offboard::async {

/// True when the coroutine of this state was cancelled. A coroutine that is cancelled between two
/// operations begins the next one all the same, so loops ask.
inline bool is_cancelled(const boost::asio::cancellation_state& state) {
    return state.cancelled() != boost::asio::cancellation_type::none;
}

} // namespace offboard::async
