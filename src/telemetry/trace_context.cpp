#include "offboard/telemetry/trace_context.hpp"

#include <algorithm>

namespace offboard::telemetry {

namespace {

bool is_hex(std::string_view s) {
    return std::ranges::all_of(s, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Of at most 16 digits that are_hex.
std::uint64_t number_of(std::string_view s) {
    std::uint64_t out = 0;
    for (const char c : s)
        out = out << 4 | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    return out;
}

void write(char* to, std::uint64_t bits) {
    for (std::size_t i = 16; i-- > 0; bits >>= 4)
        to[i] = "0123456789abcdef"[bits & 15];
}

/// A span number of zero would be invalid.
std::uint64_t new_span(random_source& random) {
    const std::uint64_t drawn = random.next();
    return drawn != 0 ? drawn : 1;
}

/// By the last 56 bits, as the second level of Trace Context has it.
bool is_sampled(trace_number n, double share) {
    constexpr std::uint64_t all = std::uint64_t(1) << 56;
    if (share >= 1) return true;
    if (!(share > 0)) return false;
    const auto threshold = static_cast<std::uint64_t>((1 - share) * static_cast<double>(all));
    return (n.low & (all - 1)) >= threshold;
}

} // namespace

hex_text<32> to_hex(trace_number n) noexcept {
    hex_text<32> out;
    write(out.digits.data(), n.high);
    write(out.digits.data() + 16, n.low);
    return out;
}

hex_text<16> to_hex(std::uint64_t span) noexcept {
    hex_text<16> out;
    write(out.digits.data(), span);
    return out;
}

std::optional<trace_context> read_traceparent(std::string_view s) noexcept {
    if (s.size() < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-') return std::nullopt;
    const auto version = s.substr(0, 2), trace = s.substr(3, 32), parent = s.substr(36, 16),
               flags = s.substr(53, 2);
    if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags)) return std::nullopt;
    if (version == "ff" || (s.size() > 55 && (version == "00" || s[55] != '-'))) return std::nullopt;
    trace_context out;
    out.trace = {number_of(trace.substr(0, 16)), number_of(trace.substr(16))};
    out.span = number_of(parent);
    out.sampled = (number_of(flags) & 1) != 0;
    if (out.trace == trace_number{} || out.span == 0) return std::nullopt;
    return out;
}

std::string to_traceparent(const trace_context& c) {
    std::string out = "00-";
    out += to_hex(c.trace).text();
    out += '-';
    out += to_hex(c.span).text();
    out += c.sampled ? "-01" : "-00";
    return out;
}

trace_context begin_trace(random_source& random, double share) {
    trace_context out;
    out.trace.high = random.next() | 1;
    out.trace.low = random.next();
    out.span = new_span(random);
    out.sampled = is_sampled(out.trace, share);
    return out;
}

trace_context continue_trace(std::string_view field, random_source& random, double share) {
    const auto caller = read_traceparent(field);
    if (!caller) return begin_trace(random, share);
    trace_context out = below(*caller, random);
    out.remote_parent = true;
    return out;
}

trace_context below(const trace_context& parent, random_source& random) {
    trace_context out;
    out.trace = parent.trace;
    out.parent = parent.span;
    out.span = new_span(random);
    out.sampled = parent.sampled;
    return out;
}

} // namespace offboard::telemetry
