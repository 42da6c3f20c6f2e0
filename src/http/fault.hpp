#pragma once

#include <string_view>

namespace offboard::http {

/// An answer that the server makes before any handler sees the request. The connection ends with it.
struct fault {
    unsigned status;
    std::string_view name; ///< end of the problem's type
    std::string_view detail;
};

namespace faults {

inline constexpr fault malformed{400, "bad-request", "The request is not well-formed HTTP."};
inline constexpr fault in_the_clear{400, "bad-request", "This port speaks HTTP over TLS only: use https."};
inline constexpr fault folded{400, "bad-request", "A header field is folded over several lines."};
inline constexpr fault framing{400, "bad-request",
                               "Content-Length and Transfer-Encoding contradict each other."};
inline constexpr fault host{400, "bad-request", "Exactly one valid Host field is required."};
inline constexpr fault target{400, "bad-request", "The request target is not valid."};
inline constexpr fault chunk{400, "bad-request", "The chunked body is malformed."};
inline constexpr fault unwanted_body{400, "bad-request", "This route takes no body."};
inline constexpr fault timeout{408, "request-timeout", "The request did not arrive in time."};
inline constexpr fault body{413, "too-large", "The body is larger than the limit."};
inline constexpr fault long_target{414, "target-too-long", "The request target is longer than the limit."};
inline constexpr fault expectation{417, "expectation-failed",
                                   "Only the expectation 100-continue can be met."};
inline constexpr fault header{431, "header-too-large", "The header is larger than the limit."};
inline constexpr fault internal{500, "internal", "The gateway failed to answer this request."};
inline constexpr fault coding{501, "not-implemented", "The only transfer coding understood is chunked."};
inline constexpr fault full{503, "overloaded", "Too many connections are open. No vendor was called."};
inline constexpr fault busy{503, "overloaded", "Too many requests are being handled. No vendor was called."};
inline constexpr fault crowded{503, "overloaded",
                               "Too many bytes of requests are held. No vendor was called."};
inline constexpr fault version{505, "version-not-supported", "Only HTTP/1.0 and HTTP/1.1 are understood."};

} // namespace faults

} // namespace offboard::http
