#include "offboard/vendors/codec.hpp"

#include <algorithm>
#include <array>

namespace offboard::vendors {

namespace {

using std::chrono::seconds;

constexpr seconds shortest{1};
constexpr seconds longest{300};

std::string_view trimmed(std::string_view s) noexcept {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t'))
        s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t'))
        s.remove_suffix(1);
    return s;
}

/// A number of decimal digits and nothing else; stops counting where the answer no longer matters.
std::optional<int> digits(std::string_view s) noexcept {
    if (s.empty()) return std::nullopt;
    int n = 0;
    for (const char c : s) {
        if (c < '0' || c > '9') return std::nullopt;
        n = std::min(n * 10 + (c - '0'), 100'000);
    }
    return n;
}

/// RFC 9110's preferred form only: Sun, 06 Nov 1994 08:49:37 GMT.
std::optional<std::chrono::sys_seconds> http_date(std::string_view s) noexcept {
    constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (s.size() != 29 || s.substr(3, 2) != ", " || s[7] != ' ' || s[11] != ' ' || s[16] != ' ' ||
        s[19] != ':' || s[22] != ':' || s.substr(25) != " GMT")
        return std::nullopt;
    const auto month = std::find(months.begin(), months.end(), s.substr(8, 3));
    const auto day = digits(s.substr(5, 2));
    const auto year = digits(s.substr(12, 4));
    const auto hour = digits(s.substr(17, 2));
    const auto minute = digits(s.substr(20, 2));
    const auto second = digits(s.substr(23, 2));
    if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
    if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    const std::chrono::year_month_day date{
        std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(month - months.begin()) + 1},
        std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
           seconds{*second};
}

std::optional<seconds> retry_after(const incoming_response& r) noexcept {
    const std::string_view asked = trimmed(r.header("retry-after"));
    if (const auto n = digits(asked)) return seconds{*n};
    // There is no clock here: a point in time means something only beside the vendor's own.
    const auto until = http_date(asked);
    const auto sent = http_date(trimmed(r.header("date")));
    if (until && sent) return *until - *sent;
    return std::nullopt;
}

} // namespace

std::optional<seconds> asked_pause(const incoming_response& r) noexcept {
    auto asked = retry_after(r);
    if (!asked) {
        if (const auto n = digits(trimmed(r.header("x-ratelimit-reset")))) asked = seconds{*n};
    }
    if (!asked) return std::nullopt;
    return std::clamp(*asked, shortest, longest);
}

} // namespace offboard::vendors
