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

/// A token is renewed a tenth of its life early, at most a minute: clocks differ and calls take time.
duration usable_for(std::chrono::seconds lifetime) {
    const duration early = std::min<duration>(duration(lifetime) / 10, std::chrono::minutes(1));
    return duration(lifetime) - early;
}

} // namespace

vendor_link::vendor_link(asio::io_context& io, vendor v, const config::vendor_settings& settings,
                         const clock& c, telemetry::log& l)
    : vendor_(v), settings_(settings), clock_(c), log_(l), client_(io, client_settings_of(v, settings), l) {}

asio::awaitable<result<incoming_response>> vendor_link::call(outgoing_request request, bool repeatable) {
    const steady_time deadline = clock_.now() + settings_.timeout;
    if (!vendors::needs_token(settings_.credentials)) {
        vendors::authorise(request, settings_.credentials, secret());
        auto plain_answer = co_await client_.exchange(std::move(request), deadline, repeatable);
        co_return plain_answer;
    }
    for (int round = 0;; ++round) {
        auto held = co_await token(deadline);
        if (held.has_error()) co_return held.error();
        outgoing_request authorised = request;
        vendors::authorise(authorised, settings_.credentials, **held);
        auto answer = co_await client_.exchange(std::move(authorised), deadline, repeatable);
        const bool refused = answer.has_value() && answer->status == 401;
        if (!refused || round > 0) co_return answer;
        // The token may have been revoked or have expired by the vendor's clock: once, with a new one.
        if (access_.token == *held) access_.token.reset();
    }
}

asio::awaitable<result<vendor_link::shared_secret>> vendor_link::token(steady_time deadline) {
    while (renewing_) {
        const bool done = co_await renewed_.wait_until(deadline);
        if (!done) co_return errc::token_unavailable;
        if (!renewing_ && !access_.token) co_return last_refusal_;
    }
    if (access_.token && clock_.now() < access_.renew_at) co_return access_.token;
    renewing_ = true;
    auto fresh = co_await renew(deadline);
    renewing_ = false;
    renewed_.notify_all();
    co_return fresh;
}

asio::awaitable<result<vendor_link::shared_secret>> vendor_link::renew(steady_time deadline) {
    access_ = {};
    outgoing_request request = vendors::token_request(settings_.credentials);
    auto answer = co_await client_.exchange(std::move(request), deadline, true);
    result<vendors::token> read = errc::token_unavailable;
    if (answer.has_value()) read = vendors::read_token(settings_.credentials, *answer);
    if (read.has_error()) {
        last_refusal_ = to_errc(read.error());
        const std::string why = answer.has_error() ? answer.error().message() : read.error().message();
        log_.warn("token request failed", {{"vendor", to_string(vendor_)}, {"reason", why}});
        co_return last_refusal_;
    }
    access_.token = std::make_shared<const secret>(std::move(read->text));
    access_.renew_at = clock_.now() + usable_for(read->lifetime);
    co_return access_.token;
}

asio::awaitable<void> vendor_link::stop() {
    return client_.stop();
}

} // namespace offboard::dispatch
