#pragma once

#include "key_set.hpp"

#include "offboard/async/offload.hpp"
#include "offboard/async/signal_event.hpp"
#include "offboard/async/task_group.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/config/auth_settings.hpp"
#include "offboard/http/client.hpp"
#include "offboard/telemetry/log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace offboard::api {

/// The issuer's keys, kept up to date off the request path. What cannot be read or used is logged, once, and
/// the keys before it stay in use.
///
/// From a file: read when this is made, and again when it has changed, which is looked at when a token comes,
/// at most once a second. From a URL: fetched at start, every 10 minutes, after a failure in 1 to 30 seconds,
/// and when a token names a key that is not there, at most once in 30 seconds for that reason. A Retry-After
/// of the URL's is heeded, up to an hour: until then nothing is fetched. Keys are read on a thread of their
/// own.
///
/// Owned by the authenticator, network thread only.
class key_source {
public:
    /// Throws std::runtime_error when the file, or the URL's certificates, cannot be used.
    key_source(boost::asio::io_context&, const config::jwt_settings&, const clock&, telemetry::log&);
    ~key_source();

    void start();
    boost::asio::awaitable<void> stop();

    /// The roots for the URL from now on; other ones than before are tried at once.
    void trust(const std::string& roots);

    /// Null until there are any.
    const key_set* keys() const noexcept { return keys_ ? &*keys_ : nullptr; }

    /// A token came: a file may be looked at.
    void token_came();
    /// It names a key that is not there. True when a look is under way that may bring it.
    bool look_for_unknown();
    /// Returns when a look has ended; false when the deadline was first, or the caller was cancelled.
    boost::asio::awaitable<bool> next_look(steady_time deadline);

private:
    struct origin;
    struct file_origin;
    struct url_origin;

    boost::asio::awaitable<void> keep_fresh();
    void wish();
    /// True when the text was a key set, which is in use now. Nothing is in use when the caller is cancelled.
    boost::asio::awaitable<bool> take(std::string text);
    void tell_trouble(std::string_view why);

    const clock& clock_;
    telemetry::log& log_;
    async::task_group tasks_;
    async::offload_pool helper_; ///< reads files and key sets: both may take long
    std::unique_ptr<origin> origin_;
    std::optional<key_set> keys_;
    async::signal_event wanted_; ///< a look
    async::signal_event looked_; ///< a look has ended
    bool looking_ = false;
    steady_time next_wish_{}; ///< not before that
    std::string trouble_;     ///< the last that was logged; empty: none since
};

} // namespace offboard::api
