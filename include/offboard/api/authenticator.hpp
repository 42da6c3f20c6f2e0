#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/config/auth_settings.hpp"
#include "offboard/http/message.hpp"
#include "offboard/telemetry/log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::api {

class key_source;

/// Who asks, and what they may do.
struct caller {
    std::string name; ///< of an API key, or the `sub` of a token; empty without authentication. May be logged
    config::scope_set scopes;
    std::optional<config::caller_quota> quota;
};

/// What the credentials of a request are worth.
struct verdict {
    enum class kind {
        accepted,
        missing,   ///< there are none: 401
        invalid,   ///< 401
        malformed, ///< given twice, or in two ways: 400
        undecided, ///< the issuer's keys are being read: see judge_in_time()
    };
    kind is = kind::missing;
    std::shared_ptr<const caller> who; ///< if and only if accepted
    std::string_view why;              ///< a sentence of ours that repeats nothing sent
};

/// From the header fields of a request to a caller. `X-API-Key` carries an API key; `Authorization: Bearer`
/// an API key or a token. No credential, no hash of one and nothing of a refused token is logged.
///
/// API keys are hashed and compared with every configured key, in a time that does not depend on any of them.
/// Tokens are checked as RFC 8725 says; `src/api/token.hpp` has what exactly. A token whose `sub` is the name
/// of an API key is refused: two callers never share a name.
///
/// Owned by app, network thread only.
class authenticator {
public:
    /// Throws std::runtime_error when the issuer's keys are in a file that cannot be used.
    authenticator(boost::asio::io_context&, const config::auth_settings&, const clock&, telemetry::log&);
    authenticator(const authenticator&) = delete;
    authenticator& operator=(const authenticator&) = delete;
    ~authenticator();

    /// Begins to keep the issuer's keys up to date. Once; stop() has returned before this dies.
    void start();
    boost::asio::awaitable<void> stop();

    /// From the next request on: the hashes of the API keys, and the roots for the issuer's URL, as these
    /// settings have them. They are of the same configuration as those at start.
    void use(const config::auth_settings&);

    /// Never waits, hence may be undecided.
    verdict judge(const http::request& head);
    /// The same, and waits for keys while it is undecided; that at the deadline, or when cancelled.
    boost::asio::awaitable<verdict> judge_in_time(const http::request& head, steady_time deadline);

private:
    void take_keys(const std::vector<config::caller_key>&);
    verdict judge_text(std::string_view credential, bool may_be_token);
    std::shared_ptr<const caller> holder_of(std::string_view api_key) const;
    verdict judge_token(std::string_view token);
    /// Undecided while the keys are read anew, else invalid for that reason.
    verdict unknown_key(std::string_view why);

    const config::auth_settings& settings_;
    const clock& clock_;
    std::shared_ptr<const caller> anybody_;     ///< without authentication
    std::vector<config::sha256_digest> hashes_; ///< of the API keys, in their order
    std::vector<std::shared_ptr<const caller>> holders_;
    std::unique_ptr<key_source> issuer_; ///< null without tokens
};

} // namespace offboard::api
