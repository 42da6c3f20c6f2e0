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

} // namespace

std::string answered(unsigned status) {
    return "answered with status " + std::to_string(status);
}

vendor_link::vendor_link(std::unique_ptr<http::exchanger> client, vendor v,
                         const config::vendor_settings& settings, const clock& c, telemetry::log& l,
                         telemetry::tracer& t, const secret_check& check)
    : vendor_(v), settings_(settings), clock_(c), log_(l), tracer_(t), check_(check),
      server_(server_of(settings.base_url)), client_(std::move(client)), credentials_(settings.credentials),
      roots_(settings.roots),
      state_(engine::token_state::rules{settings.retry.base, settings.retry.cap, settings.breaker.open}) {}

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
    state_.replaced();
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
            reason = reason_of(given.error(), state_.reason());
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
    if (answer.has_value() && held) state_.judged(held, refused, clock_.now());
    // Without a token the credentials were refused: version() tells the caller whether there are others now.
    if (refused && !held && used == version_ && check_) co_await check_(deadline);
    co_return answer;
}

void vendor_link::heed(const incoming_response& answer) {
    const auto asked = vendors::asked_pause(answer, clock_.today());
    if (!asked) return;
    state_.told(clock_.now() + *asked);
    log_.warn("token endpoint asks to be left alone", {{"vendor", to_string(vendor_)},
                                                       {"server", server_},
                                                       {"status", answer.status},
                                                       {"seconds", asked->count()}});
}

asio::awaitable<result<vendor_link::shared_secret>> vendor_link::token(steady_time deadline,
                                                                       telemetry::trace_context place) {
    using engine::token_state;
    for (;;) {
        const token_state::step step = state_.look(clock_.now(), deadline);
        switch (step.what) {
        case token_state::next::use: co_return state_.held();
        case token_state::next::refuse: co_return step.why;
        case token_state::next::wait: {
            auto given = co_await wait_for_token(deadline);
            co_return given;
        }
        case token_state::next::sleep: {
            const bool slept = co_await async::sleep_until(step.until);
            if (!slept) co_return errc::cancelled;
            break;
        }
        case token_state::next::ask: {
            co_await renew(deadline, place);
            if (state_.held()) co_return state_.held();
            co_return state_.failure();
        }
        }
    }
}

asio::awaitable<result<vendor_link::shared_secret>> vendor_link::wait_for_token(steady_time deadline) {
    const std::uint64_t awaited = state_.ended_requests();
    while (state_.ended_requests() == awaited) {
        const bool told = co_await renewed_.wait_until(deadline);
        if (!told && state_.ended_requests() == awaited) {
            state_.explain("no answer in time");
            co_return errc::token_unavailable;
        }
    }
    if (state_.held()) co_return state_.held();
    co_return state_.failure();
}

asio::awaitable<void> vendor_link::renew(steady_time deadline, telemetry::trace_context place) {
    state_.begin(clock_.now());
    std::uint64_t used = version_;
    result<vendors::token> read = co_await ask_for_token(deadline, place);
    while (read.has_error() && used != version_ && clock_.now() < deadline) {
        used = version_;
        state_.begin_again();
        read = co_await ask_for_token(deadline, place);
    }
    if (read.has_error())
        state_.failed(to_errc(read.error()), clock_.now());
    else
        state_.given(std::move(read->text), read->lifetime, clock_.now());
    state_.ended();
    renewed_.notify_all();
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
    const std::string why = answer.has_error() ? reason_of(answer.error(), cause) : answered(answer->status);
    state_.explain(why);
    const std::string reason = answer.has_error() ? why : reason_of(read.error(), why);
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
