#include "offboard/telemetry/trace_context.hpp"

#include <algorithm>
#include <cstdint>

namespace offboard::telemetry {

namespace {

bool is_hex(std::string_view s) {
    return std::ranges::all_of(s, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view s) {
    return s.find_first_not_of('0') == s.npos;
}

/// version "00": 2-32-16-2 hex digits; a later version may be longer after another dash.
bool is_traceparent(std::string_view s) {
    if (s.size() < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-') return false;
    const auto version = s.substr(0, 2), trace = s.substr(3, 32), parent = s.substr(36, 16),
               flags = s.substr(53, 2);
    if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags)) return false;
    if (version == "ff" || is_zero(trace) || is_zero(parent)) return false;
    return version == "00" ? s.size() == 55 : s.size() == 55 || s[55] == '-';
}

std::string hex(std::uint64_t bits) {
    std::string out(16, '0');
    for (std::size_t i = 16; i-- > 0; bits >>= 4)
        out[i] = "0123456789abcdef"[bits & 15];
    return out;
}

} // namespace

std::string continue_trace(std::string_view incoming, random_source& random) {
    const bool known = is_traceparent(incoming);
    std::string out = "00-";
    if (known)
        out += incoming.substr(3, 32);
    else
        out += hex(random.next() | 1) + hex(random.next());
    out += '-';
    out += hex(random.next() | 1); // a span id of zeros would be invalid
    out += known && std::string_view("13579bdf").find(incoming[54]) != std::string_view::npos ? "-01" : "-00";
    return out;
}

} // namespace offboard::telemetry
