#include "offboard/engine/token_state.hpp"

#include <algorithm>
#include <utility>

namespace offboard::engine {

namespace {

/// A token that is refused within this time of being made was no good from the start.
constexpr auto fresh_for = std::chrono::minutes(1);

/// After such a token the next one is asked for so much later, by rules::base.
constexpr duration least_pause = std::chrono::milliseconds(5);
constexpr duration most_pause = std::chrono::seconds(1);

/// So many of them in a row are no accident.
constexpr std::uint32_t enough_useless = 3;

/// A token is renewed a tenth of its life early, at most a minute: clocks differ and calls take time.
duration usable_for(std::chrono::seconds lifetime) {
    const duration early = std::min<duration>(duration(lifetime) / 10, std::chrono::minutes(1));
    return duration(lifetime) - early;
}

} // namespace

token_state::step token_state::look(steady_time now, steady_time deadline) {
    const bool replace = outdated_ && !asking_ && now >= not_before_;
    if (is_good(now) && !replace) return {next::use, {}, {}};
    if (asking_) return {next::wait, deadline, {}};
    if (now < told_until_) {
        reason_ = "the token endpoint asked to be left alone for longer";
        return {next::refuse, {}, errc::token_unavailable};
    }
    // A token was refused just after it was made: its time may not have come by the vendor's clock.
    if (now < fresh_until_ && fresh_until_ < deadline) return {next::sleep, fresh_until_, {}};
    if (now < not_before_) return {next::refuse, {}, failure_};
    return {next::ask, {}, {}};
}

void token_state::begin(steady_time now) {
    asking_ = true;
    if (!is_good(now)) token_.reset();
    outdated_ = false;
}

void token_state::given(secret text, std::chrono::seconds lifetime, steady_time now) {
    failures_ = 0;
    token_ = std::make_shared<const secret>(std::move(text));
    made_at_ = now;
    renew_at_ = now + usable_for(lifetime);
}

void token_state::failed(errc why, steady_time now) {
    failure_ = why;
    hold(failures_++, now);
    outdated_ = true;
}

void token_state::ended() noexcept {
    asking_ = false;
    ++ended_;
}

void token_state::judged(const token& used, bool refused, steady_time now) {
    if (token_ != used) return;
    if (!refused) {
        useless_ = 0;
        return;
    }
    // It may have been revoked, or have expired by the vendor's clock: a new one is worth a request. Where
    // new ones are refused as well, the next is asked for after a growing while.
    token_.reset();
    if (outdated_) not_before_ = {}; // it covered for new credentials that were refused a while ago
    if (now - made_at_ >= fresh_for)
        useless_ = 0;
    else
        fresh_until_ = now + std::clamp<duration>(rules_.base, least_pause, most_pause);
    if (++useless_ < enough_useless) return;
    failure_ = errc::token_refused;
    reason_ = "the tokens that it gives are refused with status 401";
    hold(useless_ - enough_useless, now);
}

void token_state::replaced() noexcept {
    outdated_ = true;
    // What the others failed at counts no more.
    failures_ = 0;
    useless_ = 0;
    not_before_ = fresh_until_ = {};
}

void token_state::hold(std::uint32_t failures, steady_time now) {
    const duration pause = rules_.base * (1u << std::min(failures, 10u));
    not_before_ = now + std::min({pause, rules_.cap, rules_.probe_time});
}

} // namespace offboard::engine
