#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/error.hpp"
#include "offboard/base/tls_material.hpp"
#include "offboard/http/handler.hpp"
#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/trace_context.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace offboard::http {

/// Every bound of a server. All are positive.
struct server_limits {
    std::size_t header_bytes = 16u << 10; ///< request line and fields: 431 beyond
    std::size_t target_bytes = 8u << 10;  ///< 414 beyond
    std::size_t body_bytes = 4u << 20;    ///< 413 beyond, before it is read when its length is declared
    std::size_t connections = 10'000;     ///< beyond: accepted, answered 503 with Retry-After, closed
    /// Requests handled at once; beyond: 503 with Retry-After before the body is read. One that waits costs a
    /// few kilobytes, and as many wait as vendors are slow: at 100 customers a second and one customer in a
    /// request, 25 s of patience are 2,500 of them, with a second vendor more. So the default stops no
    /// request that `connections` lets in; it is there to be lowered, or for a gateway with more connections.
    std::size_t in_flight = 10'000;
    /// Bodies held at once, all requests together, counted as they come; beyond, or when a Content-Length
    /// does not fit: 503 with Retry-After. Only requests that the handler has not refused count.
    std::size_t body_total = 64u << 20;
    /// Answers that wait for clients to read them, all connections together. Beyond, a connection whose
    /// answer of more than 4 KiB does not go out at once (over TLS: any such) is cut, if others wait already;
    /// a client that asks again is answered again. Documents that never change are not counted.
    std::size_t unread_total = 64u << 20;
    duration header_time = std::chrono::seconds(10); ///< first byte (or connect) to end of header: 408
    duration body_time = std::chrono::seconds(30);   ///< whole body: 408
    duration idle_time = std::chrono::seconds(75);   ///< between exchanges: closed without a word
    duration write_time = std::chrono::seconds(30);  ///< one whole answer: cut
    /// From drain() on, for a request that is on its way on an idle connection.
    duration drain_grace = std::chrono::milliseconds(500);
    duration linger_time = std::chrono::seconds(1); ///< after a last answer, for the client to read it
    std::size_t linger_bytes = 256u << 10;          ///< read and thrown away meanwhile
    std::chrono::seconds retry_after{1};            ///< of each 503 above
};

/// Why the server refused a request or a connection by itself.
enum class refusal { connections, in_flight, body_total, handshake };
inline constexpr std::array all_refusals = {refusal::connections, refusal::in_flight, refusal::body_total,
                                            refusal::handshake};
constexpr std::string_view to_string(refusal r) noexcept {
    switch (r) {
    case refusal::connections: return "connections";
    case refusal::in_flight: return "in_flight";
    case refusal::body_total: return "body_total";
    case refusal::handshake: return "handshake";
    }
    return "other";
}

/// One exchange, after its answer was written or given up.
struct exchange_record {
    std::string_view method; ///< a method HTTP knows, else "other"
    std::string_view route;  ///< the pattern; empty when none matched
    std::string_view request_id;
    std::string_view concerning;    ///< response::concerning
    std::string_view asked_by;      ///< response::asked_by
    telemetry::trace_context trace; ///< request::trace
    unsigned status = 0;
    duration took{};            ///< header complete to answer written
    std::size_t body_bytes = 0; ///< of the answer
    bool delivered = false;     ///< the whole answer was taken by the system
};

/// What the server needs from above.
struct server_hooks {
    problem_factory problem;
    std::function<std::string()> make_request_id;
    /// The place of a request in a trace, by its `traceparent` fields in one list (empty: it has none). Every
    /// answer then has a `traceparent`. May be empty: no traces.
    std::function<telemetry::trace_context(std::string_view traceparent)> trace;
    std::function<void(const exchange_record&)> observe; ///< may be empty; cheap, never throws
    std::function<void(refusal)> refused;                ///< likewise; before the answer, if there is one
};

/// HTTP/1.1 and 1.0 over TCP, plain or TLS: a listener, sessions, their limits and deadlines. One network
/// thread.
///
/// Over TLS a handshake is part of its connection: it counts as one and has the time of the first header.
/// One that fails is a line of the level debug, and `refused`. Who begins with plain HTTP gets a plain 400.
/// Client certificates decide who may connect; callers are known by what their requests carry, and by
/// nothing else.
///
/// Messages are framed strictly (RFC 9112): what two parties could read in two ways is refused with 400 and
/// the connection ends. Requests on one connection are answered in order, one at a time.
class server {
public:
    server(boost::asio::io_context&, server_limits, handler&, server_hooks, telemetry::log&);
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// drain() has returned before, or listen() was never called.
    ~server();

    /// Speaks TLS with that material from the next connection on; those that are open stay under theirs.
    /// Before listen() it is what makes the server one of TLS; after it, only such a one may be given new
    /// material. At fault: what was in use stays in use.
    std::optional<tls_fault> use(const tls_material&);

    /// Listens on a numeric address and begins to accept; port 0 takes a free one. Returns the port. Once
    /// only. The error is the operating system's.
    result<std::uint16_t> listen(const std::string& address, std::uint16_t port);

    /// Closes the listening socket. Connections stay. Connections still in the backlog are reset by the
    /// system, so readiness goes off a while before.
    void stop_accepting();

    /// From now on every answer says `Connection: close`. Connections stay, and new ones are taken.
    void announce_close() noexcept;

    /// Stops accepting, closes idle connections after drain_grace, lets exchanges finish with `Connection:
    /// close`; at the deadline cancels the handlers that still run and cuts the rest. Returns when no
    /// connection is left.
    boost::asio::awaitable<void> drain(steady_time deadline);

    std::size_t connections() const noexcept;
    std::size_t in_flight() const noexcept;    ///< exchanges between header read and answer written
    std::size_t body_bytes() const noexcept;   ///< held of all requests
    std::size_t unread_bytes() const noexcept; ///< of answers that their clients have not taken whole

private:
    struct implementation;
    std::unique_ptr<implementation> self_;
};

} // namespace offboard::http
