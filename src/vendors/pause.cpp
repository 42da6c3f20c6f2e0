#include "http_date.hpp"
#include "offboard/vendors/codec.hpp"

#include <algorithm>

namespace offboard::vendors {

namespace {

using std::chrono::seconds;

constexpr seconds shortest{1};
constexpr seconds longest = std::chrono::hours{24 * 7}; // a longer one is taken for a mistake of the vendor's
constexpr seconds longest_reset{300};                   // of a field that at some vendors is a time of day

std::string_view trimmed(std::string_view s) noexcept {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t'))
        s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t'))
        s.remove_suffix(1);
    return s;
}

/// A number of decimal digits and nothing else; stops counting where the answer no longer matters.
std::optional<seconds> delta(std::string_view s) noexcept {
    if (s.empty()) return std::nullopt;
    std::int64_t n = 0;
    for (const char c : s) {
        if (c < '0' || c > '9') return std::nullopt;
        n = std::min<std::int64_t>(n * 10 + (c - '0'), 1'000'000'000);
    }
    return seconds{n};
}

std::optional<seconds> retry_after(const incoming_response& r, wall_time now) noexcept {
    const std::string_view asked = trimmed(r.header("retry-after"));
    if (const auto n = delta(asked)) return n;
    const auto today = std::chrono::floor<seconds>(now);
    const auto sent = http_date(trimmed(r.header("date")), today).value_or(today);
    const auto until = http_date(asked, sent);
    return until ? std::optional(*until - sent) : std::nullopt;
}

} // namespace

std::optional<seconds> asked_pause(const incoming_response& r, wall_time now) noexcept {
    if (const auto asked = retry_after(r, now)) return std::clamp(*asked, shortest, longest);
    if (!is_rate_limit(r.status)) return std::nullopt;
    const auto reset = delta(trimmed(r.header("x-ratelimit-reset")));
    return reset ? std::optional(std::clamp(*reset, shortest, longest_reset)) : std::nullopt;
}

bool is_rate_limit(unsigned status) noexcept {
    return status == 429 || status == 461;
}

} // namespace offboard::vendors
