#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/exchange.hpp"
#include "offboard/http/body_budget.hpp"
#include "offboard/telemetry/trace_context.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offboard::http {

/// A request as the server hands it on: its framing has been checked, its meaning has not. It lives until the
/// answer has been made, so a handler may keep references to it across its own waits.
struct request {
    std::string method; ///< as sent: GET, POST, …
    std::string target; ///< as sent; personal data for all we know: never logged
    std::string path;   ///< of the target, still percent-encoded, starts with '/' ("*" for OPTIONS *)
    std::string query;  ///< of the target, without '?', still percent-encoded
    std::vector<header_field>
        headers;      ///< names in lower case, values trimmed, in the order sent; no trailers
    std::string body; ///< decoded from chunks; empty in refuse()
    body_lease held;  ///< the server's own: the body's share of what all bodies may take
    std::string request_id;
    std::optional<std::uint64_t> content_length; ///< as declared
    bool chunked = false;
    bool head = false;              ///< HEAD: answer as for GET, the server keeps the body back
    steady_time received{};         ///< when the header was complete
    telemetry::trace_context trace; ///< of this exchange, where the server makes them

    /// The pattern that matched, for logs and metrics; empty when none did. Lives as long as the router.
    std::string_view route;
    /// Percent-decoded pieces of the path, by their name in the pattern.
    std::vector<std::pair<std::string_view, std::string>> parameters;
    bool takes_body = true;               ///< false: a body that is not here with the head is refused
    const void* chosen = nullptr;         ///< the router's own: what refuse() found, for handle()
    std::shared_ptr<const void> admitted; ///< the admission's own: what it found, for the endpoint

    /// The first field of that lower-case name; empty when there is none.
    std::string_view header(std::string_view name) const noexcept;
    bool has_header(std::string_view name) const noexcept;

    /// All fields of that lower-case name as one list, joined by ", ".
    std::string header_list(std::string_view name) const;

    std::string_view parameter(std::string_view name) const noexcept;

    /// Frees the body's memory. For a handler that has read it and goes on to wait.
    void drop_body() noexcept {
        std::string().swap(body);
        held.release();
    }

    /// True when a body was announced, be it empty.
    bool announces_body() const noexcept { return chunked || content_length.has_value(); }
};

/// What a handler answers. The server adds Date, Content-Length, Connection, X-Request-Id, and Cache-Control:
/// no-store unless `headers` has a Cache-Control.
struct response {
    unsigned status = 200;
    std::string content_type; ///< empty: no body, no field
    std::string body;
    std::vector<header_field> headers;
    std::shared_ptr<const std::string> shared_body; ///< for documents that never change; stands before `body`
    std::string concerning; ///< what it is about, an id of ours for the access line; not sent
    std::string asked_by;   ///< who asked, by a name that may be logged; for the access line, not sent
    bool close = false;     ///< end the connection after this answer

    response() = default;
    response(unsigned code, std::string type, std::string text)
        : status(code), content_type(std::move(type)), body(std::move(text)) {}

    response& with(std::string name, std::string value);
    const std::string& payload() const noexcept { return shared_body ? *shared_body : body; }
};

/// Words the errors that the server and the router make themselves. `name` is a stable word in kebab case
/// (header-too-large, not-found, …: the end of the problem's type), `detail` a sentence; neither repeats
/// anything sent.
using problem_factory = std::function<response(unsigned status, std::string_view name,
                                               std::string_view detail, std::string_view request_id)>;

/// The standard phrase of a status code; "Unknown" for others.
std::string_view reason(unsigned status) noexcept;

/// Decodes %XX ('+' stays). Nothing when an escape is broken or hides a control character.
std::optional<std::string> percent_decoded(std::string_view);

} // namespace offboard::http
