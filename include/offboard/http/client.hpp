#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/error.hpp"
#include "offboard/base/exchange.hpp"
#include "offboard/telemetry/log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace offboard::http {

struct client_settings {
    std::string name; ///< of the vendor, for logs
    std::string host; ///< name or literal address (IPv6 without brackets)
    std::uint16_t port = 443;
    bool tls = true;
    std::string path_prefix; ///< put before every target; empty, or starts with '/' and does not end with one
    std::string roots;       ///< certificates in PEM; empty: the system's roots
    std::string user_agent = "offboard";
    std::size_t most_connections = 8;
    duration idle_limit = std::chrono::seconds(4); ///< shorter than any vendor's own, so that we close first
    duration age_limit = std::chrono::minutes(5);
    duration connect_timeout = std::chrono::seconds(5); ///< per address: connect and handshake
    duration dns_ttl = std::chrono::seconds(30);
    std::size_t most_answer_bytes = 8u << 20;
    std::size_t most_header_bytes = 64u << 10;
};

/// What a client has done since it was made.
struct client_counters {
    std::uint64_t connected = 0;  ///< connections opened
    std::uint64_t reused = 0;     ///< exchanges begun on a kept connection
    std::uint64_t found_dead = 0; ///< kept connections that were dead when they were wanted
    std::uint64_t sent_again = 0; ///< exchanges repeated because a kept connection died under them
    std::uint64_t dns_failures = 0;
};

/// Asked before a request that may have reached the vendor is sent once more on a new connection; empty:
/// never.
using may_repeat = std::function<bool()>;

/// Exchanges with one origin: a client, or in a simulation what stands in its place. See client.
class exchanger {
public:
    virtual ~exchanger() = default;
    virtual boost::asio::awaitable<result<incoming_response>>
    exchange(outgoing_request, steady_time deadline, may_repeat repeat, std::string* cause) = 0;
    virtual boost::asio::awaitable<void> stop() = 0;
    virtual void trust(const std::string& roots) = 0;
};

/// HTTP/1.1 exchanges with one vendor origin over a bounded pool of kept connections. One network thread.
/// Redirects are answers like any other.
///
/// Every error is an errc. What decides its kind is whether a byte of the request may have left: before that
/// dns_failed, connect_failed, tls_failed, pool_exhausted or cancelled; after it answer_timeout, answer_lost,
/// connection_stale, answer_malformed or answer_too_large.
///
/// A kept connection may die just as it is used. When it did so before one byte of the answer came, the
/// exchange is repeated once on a new connection, if `repeat` allows it, or if the system had taken no byte
/// of it. Where it is not repeated the error is connection_stale: the caller may send it once more by rules
/// of its own.
class client final : public exchanger {
public:
    /// Throws std::runtime_error when the roots cannot be read.
    client(boost::asio::io_context&, client_settings, telemetry::log&);
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// stop() has returned before, and no exchange is under way.
    ~client() override;

    /// One exchange. The deadline covers everything, waiting for a connection included. A cancelled exchange
    /// gives errc::cancelled when nothing was sent, else answer_lost; it does not throw.
    /// `cause`, which must outlive the call, becomes what the system or the TLS library says of an error, in
    /// words for a log and never from the other side's bytes; empty where the error says it all.
    boost::asio::awaitable<result<incoming_response>> exchange(outgoing_request, steady_time deadline,
                                                               may_repeat repeat,
                                                               std::string* cause = nullptr) override;

    /// Closes idle connections and refuses new exchanges with errc::cancelled. Exchanges under way go on:
    /// their owner joins or cancels them first. Returns when no connection is left.
    boost::asio::awaitable<void> stop() override;

    /// From now on connections are made by these roots, and kept ones that were made by others are closed;
    /// exchanges under way go on. Throws as the constructor does, and changes nothing then.
    void trust(const std::string& roots) override;

    const client_counters& counters() const noexcept;
    std::size_t open_connections() const noexcept;

private:
    struct implementation;
    std::unique_ptr<implementation> self_;
};

} // namespace offboard::http
