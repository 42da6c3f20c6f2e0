#include "check_vendors.hpp"

#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/http/client.hpp"
#include "offboard/vendors/auth.hpp"
#include "offboard/vendors/ping.hpp"
#include "offboard/vendors/shape.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <ostream>

namespace asio = boost::asio;

namespace offboard::app {

namespace {

struct verdict {
    bool good = true;
    std::string text;
    void add(bool well, const std::string& what) {
        good = good && well;
        text += (text.empty() ? "" : "; ") + what;
    }
};

std::string answered(const result<incoming_response>& answer, const std::string& cause) {
    if (answer.has_value()) return "answered with status " + std::to_string(answer->status);
    const std::string kind = answer.error().message();
    return cause.empty() ? kind : kind + ": " + cause;
}

/// The ping's answer is not described: anything but a page of HTML, which comes from something in front of
/// the vendor, will do.
bool is_page(const incoming_response& answer) {
    const std::size_t first = answer.body.find_first_not_of(" \t\r\n");
    return first != answer.body.npos && answer.body[first] == '<';
}

/// The vendor's call without effect that names no customer; nothing where it has none.
std::optional<outgoing_request> plain_ping(vendor v) {
    switch (v) {
    case vendor::mention_me:
    case vendor::capillary: return std::nullopt;
    case vendor::billing:
        return vendors::ping_request(action::forget, identifier(), vendors::wire_settings());
    }
    return std::nullopt;
}

asio::awaitable<void> check(http::exchanger& client, vendor v, const config::vendor_settings& s,
                            verdict& out) {
    const steady_time deadline = std::chrono::steady_clock::now() + s.timeout;
    std::string cause;
    secret token;
    if (vendors::needs_token(s.credentials)) {
        outgoing_request request = vendors::token_request(s.credentials);
        http::may_repeat never;
        auto answer = co_await client.exchange(std::move(request), deadline, std::move(never), &cause);
        result<vendors::token> read = errc::token_unavailable;
        if (answer.has_value()) read = vendors::read_token(s.credentials, *answer);
        std::string said = read.has_value() ? "given" : answered(answer, cause);
        // A status that promises a token, and none can be read.
        if (read.has_error() && answer.has_value() && answer->status < 300)
            said += ", but no token can be read: " + vendors::answer_shape(*answer);
        out.add(read.has_value(), "token: " + said);
        if (read.has_error()) co_return;
        token = std::move(read->text);
    }
    std::optional<outgoing_request> ping = plain_ping(v);
    if (!ping) {
        if (out.text.empty()) out.add(true, "not checked: this vendor has no call without effect");
        co_return;
    }
    vendors::authorise(*ping, s.credentials, token);
    http::may_repeat never;
    outgoing_request request = std::move(*ping);
    auto answer = co_await client.exchange(std::move(request), deadline, std::move(never), &cause);
    const bool page = answer.has_value() && is_page(*answer);
    std::string said = answered(answer, cause);
    if (page) said += ", but it is a page: " + vendors::answer_shape(*answer);
    out.add(answer.has_value() && answer->status < 300 && !page, "ping: " + said);
}

asio::awaitable<void> check_and_stop(http::exchanger& client, vendor v, const config::vendor_settings& s,
                                     verdict& out) {
    co_await check(client, v, s, out);
    co_await client.stop();
}

} // namespace

bool check_vendors(const config::settings& settings, telemetry::log& log, std::ostream& out) {
    bool good = true;
    for (const vendor v : all_vendors) {
        const auto& section = settings.of(v);
        if (!section) continue;
        asio::io_context io{1};
        // As the dispatcher reaches the vendor: what is well here is well there.
        const std::unique_ptr<http::exchanger> client = dispatch::client_factory(io, log)(v, *section);
        verdict found;
        std::exception_ptr failed;
        asio::co_spawn(io, check_and_stop(*client, v, *section, found),
                       [&failed](std::exception_ptr e) { failed = std::move(e); });
        io.run();
        if (failed) std::rethrow_exception(failed);
        out << to_string(v) << ' ' << section->base_url.text << ": " << found.text << '\n';
        good = good && found.good;
    }
    return good;
}

} // namespace offboard::app
