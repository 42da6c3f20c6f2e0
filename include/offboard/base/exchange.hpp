#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offboard {

using header_field = std::pair<std::string, std::string>;

/// What is sent to a vendor: a value that the vendors' codecs make and the HTTP client sends. Host,
/// Content-Length, Connection and User-Agent are the client's business and never among `headers`.
struct outgoing_request {
    std::string method;
    std::string target; ///< path and query below the vendor's base URL, percent-encoded, starts with '/'
    std::vector<header_field> headers;
    std::string body;
};

/// What came back, whole. Header names are in lower case.
struct incoming_response {
    unsigned status = 0;
    std::vector<header_field> headers;
    std::string body;

    /// The first field of that (lower-case) name; empty when there is none.
    std::string_view header(std::string_view name) const noexcept {
        for (const auto& [field, value] : headers)
            if (field == name) return value;
        return {};
    }
};

} // namespace offboard
