#pragma once

#include "offboard/http/message.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>

namespace offboard::http {

/// What the server serves. Lives longer than the server.
class handler {
public:
    virtual ~handler() = default;

    /// Called when the header is complete and before any of the body is read: an answer refuses the request
    /// there and then. May set `route` and `parameters`, which handle() will find again.
    virtual std::optional<response> refuse(request& head) = 0;

    /// Called with the whole request, which lives until the answer is made. It is not cancelled when the
    /// client goes away, only when the server's drain() is out of time. What it throws is logged by type and
    /// answered with 500.
    virtual boost::asio::awaitable<response> handle(request&&) = 0;
};

} // namespace offboard::http
