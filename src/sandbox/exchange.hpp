#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// The sandbox imitates three vendors on loopback. It shares no code with the gateway on purpose: a test of
/// one against the other must not let the same mistake stand on both sides.
namespace sandbox {

/// Time since the sandbox started. Always an argument: only the server reads a clock.
using micros = std::chrono::microseconds;

struct header_field {
    std::string name;
    std::string value;
};

/// One request as it came. Header names are lower case, values untouched.
struct request {
    std::string method;
    std::string target;
    std::vector<header_field> headers;
    std::string body;

    /// The target without its query.
    [[nodiscard]] std::string_view path() const;

    /// What follows the `?`, or nothing.
    [[nodiscard]] std::string_view query() const;

    /// The first field of that (lower case) name, or null.
    [[nodiscard]] const std::string* header(std::string_view name) const;

    /// True when Content-Type is `media_type`, parameters left aside, any case.
    [[nodiscard]] bool is(std::string_view media_type) const;
};

/// One answer before it goes out. Content-Length and Connection belong to the server.
struct answer {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<header_field> headers;

    /// Sets a field, replacing one of the same name (any case).
    void set(std::string_view name, std::string value);
};

/// ASCII only, whatever the locale.
[[nodiscard]] std::string lower(std::string_view text);

/// The value of one member of a query or form, percent-decoded; `fallback` when it is not there.
[[nodiscard]] std::string query_value(std::string_view query, std::string_view name, std::string fallback);

/// `application/x-www-form-urlencoded` to pairs, in order. False when an escape is broken.
[[nodiscard]] bool parse_form(std::string_view text, std::vector<header_field>& out);

} // namespace sandbox
