#pragma once

#include "answer_head.hpp"
#include "offboard/async/deadline_watch.hpp"
#include "offboard/http/server.hpp"

#include <list>

namespace offboard::http {

class session;

/// What the sessions of one server share. Outlives them.
struct session_context {
    session_context(boost::asio::io_context&, server_limits, handler&, server_hooks, telemetry::log&);

    server_limits limits;
    handler& serve;
    server_hooks hooks;
    telemetry::log& log;
    async::deadline_watch watch; ///< its grain follows from the shortest limit
    body_budget bodies;
    std::list<session*> sessions;
    std::size_t in_flight = 0;
    std::size_t unread = 0; ///< bytes of answers that wait for their clients
    bool closing = false;   ///< every answer says that the connection ends with it
    bool draining = false;  ///< idle connections end
    date_line date;
};

} // namespace offboard::http
