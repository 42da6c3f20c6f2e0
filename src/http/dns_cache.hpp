#pragma once

#include "name_lookup.hpp"
#include "offboard/async/signal_event.hpp"
#include "offboard/base/error.hpp"
#include "socket.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace offboard::http {

/// The addresses of one host. The system's resolver blocks for as long as it likes and cannot be stopped, so
/// no exchange ever waits on it: exchanges wait on this cache, up to their own deadline. One look-up at a
/// time; addresses beyond their time are refreshed while they are used, and stay in use when that fails. An
/// address that failed lately comes last. `localhost` is loopback without a look-up.
///
/// Shared with the exchanges that wait on it.
class dns_cache : public std::enable_shared_from_this<dns_cache> {
public:
    dns_cache(boost::asio::io_context&, std::string host, std::uint16_t port, duration ttl);

    /// The address did not answer, or not well: for a while it comes last.
    void failed(const tcp::endpoint&);

    /// At least one address, each call beginning with another one; dns_failed at the deadline, when the name
    /// is not known, or when the caller is cancelled; no_resources when this process could not ask.
    boost::asio::awaitable<result<std::vector<tcp::endpoint>>> addresses(steady_time deadline);

    std::uint64_t failures() const noexcept { return failures_; }
    /// Why there is no address, in the resolver's words.
    std::string trouble() const;

    /// The host is a literal address rather than a name.
    bool literal() const noexcept { return literal_; }

private:
    /// How long an address that failed comes last.
    static constexpr auto avoided_for = std::chrono::minutes(1);
    /// A look-up that has not ended by then is no longer waited for: another one is begun.
    static constexpr auto longest_look_up = std::chrono::minutes(1);
    void look_up(steady_time now);
    void looked_up(name_lookup::outcome);
    std::vector<tcp::endpoint> in_order();

    std::string host_;
    std::uint16_t port_;
    duration ttl_;
    bool literal_ = false;
    bool fixed_ = false; ///< nothing is ever looked up
    bool looking_ = false;
    bool starved_ = false; ///< the last look-up failed for want of descriptors
    steady_time looking_since_{};
    name_lookup lookup_;
    std::map<tcp::endpoint, steady_time> avoided_; ///< until when; of known_ only
    std::vector<tcp::endpoint> known_;
    std::size_t turn_ = 0;
    steady_time fresh_until_{};
    std::uint64_t failures_ = 0;
    std::string trouble_; ///< of the last look-up; empty: none
    async::signal_event changed_;
};

} // namespace offboard::http
