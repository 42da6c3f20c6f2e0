#pragma once

#include "offboard/async/signal_event.hpp"
#include "offboard/base/clock.hpp"
#include "socket.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace offboard::http {

/// Connects to the first of several addresses that answers (RFC 8305): one attempt after the other, 250 ms
/// apart, or at once when all before have failed; the first that connects wins, and the others are given up.
/// Sans TLS. One network thread; the attempts that lost end behind the back of the caller.
class connect_race : public std::enable_shared_from_this<connect_race> {
public:
    static constexpr auto apart = std::chrono::milliseconds(250);

    connect_race(boost::asio::io_context& io, std::vector<tcp::endpoint> to) : io_(io), to_(std::move(to)) {}

    /// The index of the address that won; nothing at the deadline, when all have failed, or when the caller
    /// was cancelled. Once.
    boost::asio::awaitable<std::optional<std::size_t>> run(steady_time deadline);

    /// Of the winner. Once.
    tcp_socket take(std::size_t winner) { return std::move(*sockets_[winner]); }

    /// Addresses that were tried, and did not win.
    std::vector<tcp::endpoint> failed() const;
    /// Why the last attempt failed; no error where none ended.
    boost::system::error_code trouble() const noexcept { return trouble_; }

private:
    void start(std::size_t i);
    void ended(std::size_t i, boost::system::error_code);

    boost::asio::io_context& io_;
    const std::vector<tcp::endpoint> to_;
    std::vector<std::unique_ptr<tcp_socket>> sockets_; ///< of the addresses that were tried, in their order
    std::size_t ended_ = 0;                            ///< attempts that failed
    std::optional<std::size_t> winner_;
    boost::system::error_code trouble_;
    async::signal_event changed_;
};

} // namespace offboard::http
