#pragma once

#include "offboard/base/random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace offboard::telemetry {

/// 128 bits, of which one is set: zero stands for "none".
struct trace_number {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool operator==(const trace_number&) const = default;
};

/// A number as the hexadecimal digits that people and collectors see, without the heap.
template <std::size_t Digits>
struct hex_text {
    std::array<char, Digits> digits{};
    std::string_view text() const noexcept { return {digits.data(), Digits}; }
    operator std::string_view() const noexcept { return text(); }
};
hex_text<32> to_hex(trace_number) noexcept;
hex_text<16> to_hex(std::uint64_t span) noexcept;

/// Where something stands in a trace (W3C Trace Context): a value, made once for each request and each call.
struct trace_context {
    trace_number trace;
    std::uint64_t span = 0;     ///< our own
    std::uint64_t parent = 0;   ///< 0: the trace begins here
    bool remote_parent = false; ///< the parent is another process' span
    bool sampled = false;

    /// False for one that was never made: nothing is traced.
    bool exists() const noexcept { return span != 0; }
};

/// What a caller's `traceparent` says: `span` is the caller's. Nothing for what is no such field, or several
/// of them in one list: versions 00 and, by their first four members, later ones; ff is none; ids of zeros
/// and capitals are none. `tracestate` is not read: it is the caller's own text.
std::optional<trace_context> read_traceparent(std::string_view field) noexcept;

/// `00-<trace>-<our span>-<flags>`, of which only `sampled` is ever set.
std::string to_traceparent(const trace_context&);

/// A trace of our own. `share` of them, 0 to 1, are sampled, by the trace's own number: services that
/// go by the same rule sample the same traces.
trace_context begin_trace(random_source&, double share);

/// Our own span in the caller's trace, sampled as the caller's is; a trace of our own when the field is not
/// valid.
trace_context continue_trace(std::string_view field, random_source&, double share);

/// A span below one of ours.
trace_context below(const trace_context& parent, random_source&);

} // namespace offboard::telemetry
