#pragma once

#include "offboard/async/signal_event.hpp"
#include "offboard/base/error.hpp"
#include "socket.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace offboard::http {

/// The addresses of one host. The system's resolver blocks for as long as it likes and cannot be stopped, so
/// no exchange ever waits on it: exchanges wait on this cache, up to their own deadline. One look-up at a
/// time; addresses beyond their time are refreshed behind the back of whoever uses them, and stay in use when
/// that fails. `localhost` is loopback without a look-up.
///
/// Shared with the look-up that is under way, which may outlive the client.
class dns_cache : public std::enable_shared_from_this<dns_cache> {
public:
    dns_cache(boost::asio::io_context&, std::string host, std::uint16_t port, duration ttl);

    /// At least one address, each call beginning with another one; dns_failed at the deadline, when the name
    /// is not known, or when the caller is cancelled.
    boost::asio::awaitable<result<std::vector<tcp::endpoint>>> addresses(steady_time deadline);

    std::uint64_t failures() const noexcept { return failures_; }
    /// Why there is no address, in the resolver's words.
    std::string trouble() const;

    /// The host is a literal address rather than a name.
    bool literal() const noexcept { return literal_; }

private:
    using resolver = boost::asio::ip::basic_resolver<tcp, boost::asio::io_context::executor_type>;
    void look_up();
    void looked_up(boost::system::error_code, const resolver::results_type&);
    std::vector<tcp::endpoint> rotated();

    std::string host_;
    std::uint16_t port_;
    duration ttl_;
    bool literal_ = false;
    bool fixed_ = false; ///< nothing is ever looked up
    bool looking_ = false;
    resolver resolver_;
    std::vector<tcp::endpoint> known_;
    std::size_t turn_ = 0;
    steady_time fresh_until_{};
    std::uint64_t failures_ = 0;
    boost::system::error_code trouble_; ///< of the last look-up
    async::signal_event changed_;
};

} // namespace offboard::http
