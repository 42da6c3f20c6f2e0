#include "vendor_link.hpp"

#include "offboard/vendors/auth.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

http::client_settings client_settings_of(vendor v, const config::vendor_settings& s) {
    http::client_settings out;
    out.name = to_string(v);
    out.host = s.base_url.host;
    out.port = s.base_url.port;
    out.tls = s.base_url.tls;
    out.path_prefix = s.base_url.path;
    out.ca_file = s.ca_file;
    // One more than calls may be in flight, so that a token request never waits behind the calls that want
    // it.
    out.most_connections = s.max_in_flight + 1;
    return out;
}

/// A token that is refused within this time of being made was no good from the start.
constexpr auto fresh_for = std::chrono::minutes(1);

/// So many of them in a row are no accident.
constexpr std::uint32_t enough_useless = 3;

/// A token is renewed a tenth of its life early, at most a minute: clocks differ and calls take time.
duration usable_for(std::chrono::seconds lifetime) {
    const duration early = std::min<duration>(duration(lifetime) / 10, std::chrono::minutes(1));
    return duration(lifetime) - early;
}

} // namespace

vendor_link::vendor_link(asio::io_context& io, vendor v, const config::vendor_settings& settings,
                         const clock& c, telemetry::log& l)
    : vendor_(v), settings_(settings), clock_(c), log_(l), client_(io, client_settings_of(v, settings), l) {}

bool vendor_link::has_token() const noexcept {
    return vendors::needs_token(settings_.credentials);
}

asio::awaitable<result<incoming_response>> vendor_link::call(outgoing_request request,
                                                             http::may_repeat repeat) {
    const steady_time deadline = clock_.now() + settings_.timeout;
    shared_secret held;
    if (has_token()) {
        auto given = co_await token(deadline);
        if (given.has_error()) co_return given.error();
        held = *given;
    }
    const secret none;
    vendors::authorise(request, settings_.credentials, held ? *held : none);
    auto answer = co_await client_.exchange(std::move(request), deadline, std::move(repeat));
    if (answer.has_value() && held) judge(held, answer->status == 401);
    co_return answer;
}

void vendor_link::judge(const shared_secret& used, bool refused) {
    if (token_ != used) return;
    if (!refused) {
        useless_ = 0;
        return;
    }
    // It may have been revoked, or have expired by the vendor's clock: a new one is worth a request. Where
    // new ones are refused as well, the next is asked for after a growing while.
    token_.reset();
    if (clock_.now() - made_at_ >= fresh_for) useless_ = 0;
    if (++useless_ < enough_useless) return;
    failure_ = errc::token_refused;
    hold(useless_ - enough_useless);
}

void vendor_link::hold(std::uint32_t failures) {
    const duration pause = settings_.retry.base * (1u << std::min(failures, 10u));
    // Never longer than a breaker stays open: its probe must really ask.
    not_before_ = clock_.now() + std::min({pause, settings_.retry.cap, settings_.breaker.open});
}

asio::awaitable<result<vendor_link::shared_secret>> vendor_link::token(steady_time deadline) {
    if (renewing_) {
        const std::uint64_t awaited = renewals_;
        while (renewals_ == awaited) {
            const bool told = co_await renewed_.wait_until(deadline);
            if (!told) co_return errc::token_unavailable;
        }
        if (token_) co_return token_;
        co_return failure_;
    }
    if (token_ && clock_.now() < renew_at_) co_return token_;
    if (clock_.now() < not_before_) co_return failure_;
    renewing_ = true;
    auto fresh = co_await renew(deadline);
    renewing_ = false;
    ++renewals_;
    renewed_.notify_all();
    co_return fresh;
}

asio::awaitable<result<vendor_link::shared_secret>> vendor_link::renew(steady_time deadline) {
    token_.reset();
    outgoing_request request = vendors::token_request(settings_.credentials);
    http::may_repeat harmless = [] { return true; };
    auto answer = co_await client_.exchange(std::move(request), deadline, std::move(harmless));
    result<vendors::token> read = errc::token_unavailable;
    if (answer.has_value()) read = vendors::read_token(settings_.credentials, *answer);
    if (read.has_error()) {
        failure_ = to_errc(read.error());
        hold(failures_++);
        const std::string why = answer.has_error() ? answer.error().message() : read.error().message();
        log_.warn("token request failed", {{"vendor", to_string(vendor_)}, {"reason", why}});
        co_return failure_;
    }
    failures_ = 0;
    token_ = std::make_shared<const secret>(std::move(read->text));
    made_at_ = clock_.now();
    renew_at_ = made_at_ + usable_for(read->lifetime);
    co_return token_;
}

asio::awaitable<void> vendor_link::stop() {
    return client_.stop();
}

} // namespace offboard::dispatch
