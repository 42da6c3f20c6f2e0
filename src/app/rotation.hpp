#pragma once

#include "offboard/async/offload.hpp"
#include "offboard/async/signal_event.hpp"
#include "offboard/async/task_group.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/journal/journal.hpp"
#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/metrics.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::app {

/// A file that takes longer to read than this is named in the log.
constexpr auto slow_read = std::chrono::seconds(3);

/// What the process was configured by when it started. It stays; what the files hold that it names does not.
struct configuration {
    std::string text;
    std::vector<std::string> environment; ///< NAME=value
};

/// Follows the files of secrets and certificates. Every so often the configuration of the start is loaded
/// again, on another thread: all files are read and checked by the very code of the start. New settings are
/// applied whole or not at all; what cannot be used is logged once, and what was in use before stays so.
///
/// Kubernetes swaps all files of a volume at once, but a reader in the middle may see some old and some new:
/// the next check mends that.
///
/// A file that hangs (a mount that does not answer) holds up the check, nothing else; a line of the log names
/// the file.
///
/// Owned by app, network thread only.
class rotation {
public:
    /// Takes over, whole and without failing, what may differ between two loads of one configuration.
    using take_over = std::function<void(const config::settings&)>;

    rotation(boost::asio::io_context&, configuration, const config::settings& in_use, journal::journal&,
             const clock&, telemetry::log&, telemetry::metrics&, take_over);

    void start();
    /// Returns when no check is under way any more.
    boost::asio::awaitable<void> stop();

    /// A check at once, and a line of the log about it whatever it finds.
    void check_now();
    /// Returns after a check that began after this was called, or when another call of it has just brought
    /// one, so that each refused call can ask; at the deadline, and when cancelled.
    boost::asio::awaitable<void> checked(steady_time deadline);

private:
    boost::asio::awaitable<void> follow();
    boost::asio::awaitable<void> name_slow_files();
    boost::asio::awaitable<void> check(bool asked);
    void refuse(const std::vector<config::fault>&);

    const std::shared_ptr<const configuration> source_;
    const std::shared_ptr<config::file_being_read> reads_ = std::make_shared<config::file_being_read>();
    config::settings in_use_;
    journal::journal& journal_;
    const clock& clock_;
    telemetry::log& log_;
    telemetry::metrics& metrics_;
    const take_over take_over_;
    async::offload_pool pool_{"secrets", 1};
    async::task_group tasks_;
    async::signal_event wanted_;    ///< a check
    async::signal_event ended_one_; ///< a check has ended
    bool asked_ = false;            ///< by check_now()
    std::uint64_t begun_ = 0;       ///< checks
    std::uint64_t ended_ = 0;
    std::uint64_t wanted_number_ = 0;  ///< that check should begin at once
    steady_time next_urgent_{};        ///< checked() brings no other one before that
    std::vector<std::string> refused_; ///< what the last check found wrong, as it was logged
    bool stopped_ = false;
};

} // namespace offboard::app
