#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/error.hpp"
#include "offboard/base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace offboard::engine {

/// One vendor's access token: when it is used, asked for, waited for, or not to be had. A new token replaces
/// one that expires soon, one that the vendor refused, and one of other credentials. After a failure no token
/// is asked for, for a growing while: a wrong secret must not become a request a call. Pure: it sends
/// nothing.
class token_state {
public:
    using token = std::shared_ptr<const secret>;
    struct rules {
        duration base;       ///< of the pause after a failure, doubled with each
        duration cap;        ///< of that pause
        duration probe_time; ///< no pause is longer: the probe of a circuit breaker must really ask
    };
    enum class next {
        use,    ///< held()
        wait,   ///< another call is asking: until it has ended, then use or refuse
        sleep,  ///< until `until`, then look again: the token before was refused too soon
        refuse, ///< with `why`
        ask,    ///< begin(), ask, then given() or failed(), then ended()
    };
    struct step {
        next what = next::refuse;
        steady_time until{};
        errc why = errc::token_unavailable;
    };

    explicit token_state(rules r) : rules_(r) {}

    /// What a call that wants a token by `deadline` does now.
    step look(steady_time now, steady_time deadline);
    const token& held() const noexcept { return token_; }
    /// Why there is none, after refuse, in words.
    const std::string& reason() const noexcept { return reason_; }
    errc failure() const noexcept { return failure_; }

    void begin(steady_time now);
    /// Another request follows at once, for the credentials have changed meanwhile.
    void begin_again() noexcept { outdated_ = false; }
    void given(secret, std::chrono::seconds lifetime, steady_time now);
    /// The token of before, if it is still good, goes on being used.
    void failed(errc, steady_time now);
    void ended() noexcept;
    /// Requests that have ended, well or not: what one that waits compares.
    std::uint64_t ended_requests() const noexcept { return ended_; }

    /// The vendor's API has answered a call with this token: 401, or anything else.
    void judged(const token& used, bool refused, steady_time now);
    /// The token endpoint asked to be left alone until then.
    void told(steady_time until) noexcept { told_until_ = until; }
    void explain(std::string why) { reason_ = std::move(why); }
    /// The credentials are others now.
    void replaced() noexcept;

private:
    bool is_good(steady_time now) const noexcept { return token_ && now < renew_at_; }
    void hold(std::uint32_t failures, steady_time now);

    const rules rules_;
    token token_; ///< null: none held
    steady_time made_at_{};
    steady_time renew_at_{};
    bool outdated_ = false; ///< the token is of other credentials
    bool asking_ = false;
    std::uint64_t ended_ = 0;
    errc failure_ = errc::token_unavailable;
    std::string reason_;
    std::uint32_t failures_ = 0; ///< in a row
    std::uint32_t useless_ = 0;  ///< new tokens in a row that the vendor's API refused
    steady_time not_before_{};   ///< no request before, after a failure
    steady_time fresh_until_{};  ///< no request before: the one before was refused too soon
    steady_time told_until_{};   ///< no request before: the vendor asked for it
};

} // namespace offboard::engine
