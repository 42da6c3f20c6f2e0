#include "session_context.hpp"

#include <algorithm>
#include <utility>

namespace offboard::http {

namespace {

/// An eighth of the shortest limit, so that lateness does not show, but no more looks than a busy server can
/// spare.
duration grain_for(const server_limits& l) {
    const duration shortest =
        std::min({l.header_time, l.body_time, l.idle_time, l.write_time, l.linger_time});
    return std::clamp<duration>(shortest / 8, std::chrono::milliseconds(1), std::chrono::milliseconds(100));
}

} // namespace

session_context::session_context(boost::asio::io_context& io, server_limits l, handler& h, server_hooks k,
                                 telemetry::log& g)
    : limits(l), serve(h), hooks(std::move(k)), log(g), watch(io, grain_for(l)), bodies(l.body_total) {}

} // namespace offboard::http
