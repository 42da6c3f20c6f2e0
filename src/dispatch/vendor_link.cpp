#include "vendor_link.hpp"

#include "call_span.hpp"

#include "offboard/async/sleep.hpp"
#include "offboard/vendors/codec.hpp"

#include <algorithm>
#include <variant>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

/// Host and port as they stand in a URL.
std::string server_of(const base_url& b) {
    const bool literal_v6 = b.host.find(':') != std::string::npos;
    return (literal_v6 ? '[' + b.host + ']' : b.host) + ':' + std::to_string(b.port);
}

/// The kind of error, and what is known of its cause.
std::string reason_of(const boost::system::error_code& kind, const std::string& cause) {
    return cause.empty() ? kind.message() : kind.message() + ": " + cause;
}

/// A token that is refused within this time of being made was no good from the start.
constexpr auto fresh_for = std::chrono::minutes(1);

/// After such a token the next one is asked for so much later, by retry.base.
constexpr duration least_pause = std::chrono::milliseconds(5);
constexpr duration most_pause = std::chrono::seconds(1);

/// So many of them in a row are no accident.
constexpr std::uint32_t enough_useless = 3;

const secret& secret_in(const client_credentials& c) {
    return c.client_secret;
}
const secret& secret_in(const capillary_oauth& c) {
    return c.key_secret;
}
const secret& secret_in(const capillary_basic& c) {
    return c.password;
}
const secret& secret_in(const api_key& c) {
    return c.key;
}

/// Of one vendor: what is no secret in them stands in the configuration, and that never changes.
bool same(const credentials& a, const credentials& b) {
    const auto text = [](const auto& c) { return secret_in(c).reveal(); };
    return std::visit(text, a) == std::visit(text, b);
}

/// A token is renewed a tenth of its life early, at most a minute: clocks differ and calls take time.
duration usable_for(std::chrono::seconds lifetime) {
    const duration early = std::min<duration>(duration(lifetime) / 10, std::chrono::minutes(1));
    return duration(lifetime) - early;
}

} // namespace

std::string answered(unsigned status) {
    return "answered with status " + std::to_string(status);
}

vendor_link::vendor_link(std::unique_ptr<http::exchanger> client, vendor v,
                         const config::vendor_settings& settings, const clock& c, telemetry::log& l,
                         telemetry::tracer& t, const secret_check& check)
    : vendor_(v), settings_(settings), clock_(c), log_(l), tracer_(t), check_(check),
      server_(server_of(settings.base_url)), client_(std::move(client)), credentials_(settings.credentials),
      roots_(settings.roots) {}

bool vendor_link::has_token() const noexcept {
    return vendors::needs_token(credentials_);
}

void vendor_link::use(const config::vendor_settings& now) {
    if (now.roots != roots_) {
        client_->trust(now.roots);
        roots_ = now.roots;
    }
    if (same(now.credentials, credentials_)) return;
    credentials_ = now.credentials;
    ++version_;
    outdated_ = true;
    // What the others failed at counts no more.
    failures_ = 0;
    useless_ = 0;
    not_before_ = fresh_until_ = {};
}

asio::awaitable<result<incoming_response>> vendor_link::call(outgoing_request request,
                                                             http::may_repeat repeat,
                                                             telemetry::trace_context place,
                                                             std::string& reason) {
    const steady_time deadline = clock_.now() + settings_.timeout;
    shared_secret held;
    if (has_token()) {
        auto given = co_await token(deadline, place);
        if (given.has_error()) {
            reason = reason_of(given.error(), why_);
            co_return given.error();
        }
        held = *given;
    }
    const secret none;
    vendors::authorise(request, credentials_, held ? *held : none);
    const std::uint64_t used = version_;
    std::string cause;
    auto answer = co_await client_->exchange(std::move(request), deadline, std::move(repeat), &cause);
    if (answer.has_error()) reason = reason_of(answer.error(), cause);
    const bool refused = answer.has_value() && answer->status == 401;
    if (answer.has_value() && held) judge(held, refused);
    // Without a token the credentials were refused: version() tells the caller whether there are others now.
    if (refused && !held && used == version_ && check_) co_await check_(deadline);
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
    if (outdated_) not_before_ = {}; // it covered for new credentials that were refused a while ago
    const steady_time now = clock_.now();
    if (now - made_at_ >= fresh_for)
        useless_ = 0;
    else
        fresh_until_ = now + std::clamp<duration>(settings_.retry.base, least_pause, most_pause);
    if (++useless_ < enough_useless) return;
    failure_ = errc::token_refused;
    why_ = "the tokens that it gives are refused with status 401";
    hold(useless_ - enough_useless);
}

void vendor_link::heed(const incoming_response& answer) {
    const auto asked = vendors::asked_pause(answer, clock_.today());
    if (!asked) return;
    told_until_ = clock_.now() + *asked;
    log_.warn("token endpoint asks to be left alone", {{"vendor", to_string(vendor_)},
                                                       {"server", server_},
                                                       {"status", answer.status},
                                                       {"seconds", asked->count()}});
}

void vendor_link::hold(std::uint32_t failures) {
    const duration pause = settings_.retry.base * (1u << std::min(failures, 10u));
    // Never longer than a breaker stays open: its probe must really ask.
    not_before_ = clock_.now() + std::min({pause, settings_.retry.cap, settings_.breaker.open});
}

bool vendor_link::token_is_good() const {
    return token_ && clock_.now() < renew_at_;
}

asio::awaitable<result<vendor_link::shared_secret>> vendor_link::token(steady_time deadline,
                                                                       telemetry::trace_context place) {
    const bool replace = outdated_ && !renewing_ && clock_.now() >= not_before_;
    if (token_is_good() && !replace) co_return token_;
    if (renewing_) {
        const std::uint64_t awaited = renewals_;
        while (renewals_ == awaited) {
            const bool told = co_await renewed_.wait_until(deadline);
            if (!told && renewals_ == awaited) {
                why_ = "no answer in time";
                co_return errc::token_unavailable;
            }
        }
        if (token_) co_return token_;
        co_return failure_;
    }
    const steady_time now = clock_.now();
    if (now < told_until_) {
        why_ = "the token endpoint asked to be left alone for longer";
        co_return errc::token_unavailable;
    }
    // A token was refused just after it was made: its time may not have come by the vendor's clock.
    if (now < fresh_until_ && fresh_until_ < deadline) {
        const bool slept = co_await async::sleep_until(fresh_until_);
        if (!slept) co_return errc::cancelled;
        auto later = co_await token(deadline, place);
        co_return later;
    }
    if (now < not_before_) co_return failure_;
    renewing_ = true;
    auto fresh = co_await renew(deadline, place);
    renewing_ = false;
    ++renewals_;
    renewed_.notify_all();
    co_return fresh;
}

asio::awaitable<result<vendor_link::shared_secret>> vendor_link::renew(steady_time deadline,
                                                                       telemetry::trace_context place) {
    if (!token_is_good()) token_.reset();
    std::uint64_t used = version_;
    outdated_ = false;
    result<vendors::token> read = co_await ask_for_token(deadline, place);
    while (read.has_error() && used != version_ && clock_.now() < deadline) {
        used = version_;
        outdated_ = false;
        read = co_await ask_for_token(deadline, place);
    }
    if (read.has_error()) {
        failure_ = to_errc(read.error());
        hold(failures_++);
        outdated_ = true;
        if (token_) co_return token_; // of the credentials before, and still good
        co_return failure_;
    }
    failures_ = 0;
    token_ = std::make_shared<const secret>(std::move(read->text));
    made_at_ = clock_.now();
    renew_at_ = made_at_ + usable_for(read->lifetime);
    co_return token_;
}

asio::awaitable<result<vendors::token>> vendor_link::ask_for_token(steady_time deadline,
                                                                   telemetry::trace_context place) {
    const std::uint64_t used = version_;
    outgoing_request request = vendors::token_request(credentials_);
    std::optional<telemetry::span> span;
    if (tracer_.keeps(place)) {
        span.emplace().context = tracer_.below(place);
        tell_request(*span, vendor_, settings_.base_url, request, clock_.now());
    }
    http::may_repeat harmless = [] { return true; };
    std::string cause;
    auto answer = co_await client_->exchange(std::move(request), deadline, std::move(harmless), &cause);
    result<vendors::token> read = errc::token_unavailable;
    if (answer.has_value()) read = vendors::read_token(credentials_, *answer);
    if (span) {
        tell_answer(*span, answer, clock_.now());
        if (read.has_error() && !span->failed) { // 200, and no token in it
            span->failed = true;
            span->note("error.type", telemetry::reason_of(to_errc(read.error())).text());
        }
        tracer_.record(std::move(*span));
    }
    if (read.has_value()) co_return read;
    if (answer.has_value()) heed(*answer);
    why_ = answer.has_error() ? reason_of(answer.error(), cause) : answered(answer->status);
    const std::string reason = answer.has_error() ? why_ : reason_of(read.error(), why_);
    log_.warn("token request failed",
              {{"vendor", to_string(vendor_)}, {"server", server_}, {"reason", reason}});
    const bool refused = to_errc(read.error()) == errc::token_refused;
    if (refused && used == version_ && check_) co_await check_(deadline);
    co_return read;
}

asio::awaitable<void> vendor_link::stop() {
    return client_->stop();
}

} // namespace offboard::dispatch
