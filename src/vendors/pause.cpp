#include "offboard/vendors/codec.hpp"

#include <algorithm>
#include <array>

namespace offboard::vendors {

namespace {

using std::chrono::seconds;

constexpr seconds shortest{1};
/// What a vendor means is said in minutes or hours; beyond this it is a fault.
constexpr seconds longest_reset{300};
constexpr seconds longest = std::chrono::hours(7 * 24);

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
        n = std::min(n * 10 + (c - '0'), 10'000'000);
    }
    return n;
}

std::optional<unsigned> month_of(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto at = std::find(months.begin(), months.end(), name);
    if (at == months.end()) return std::nullopt;
    return static_cast<unsigned>(at - months.begin()) + 1;
}

/// `clock` is hh:mm:ss.
std::optional<std::chrono::sys_seconds> moment(std::optional<int> year, std::optional<unsigned> month,
                                               std::optional<int> day, std::string_view clock) noexcept {
    if (clock.size() != 8 || clock[2] != ':' || clock[5] != ':') return std::nullopt;
    const auto hour = digits(clock.substr(0, 2));
    const auto minute = digits(clock.substr(3, 2));
    const auto second = digits(clock.substr(6, 2));
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
           seconds{*second};
}

/// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<std::chrono::sys_seconds> imf_date(std::string_view s) noexcept {
    if (s.size() != 29 || s.substr(3, 2) != ", " || s[7] != ' ' || s[11] != ' ' || s[16] != ' ' ||
        s.substr(25) != " GMT")
        return std::nullopt;
    return moment(digits(s.substr(12, 4)), month_of(s.substr(8, 3)), digits(s.substr(5, 2)), s.substr(17, 8));
}

/// Sunday, 06-Nov-94 08:49:37 GMT. A year that seems more than 50 years ahead is of the century before.
std::optional<std::chrono::sys_seconds> rfc850_date(std::string_view s, wall_time now) noexcept {
    const auto comma = s.find(", ");
    if (comma == s.npos) return std::nullopt;
    const std::string_view rest = s.substr(comma + 2);
    if (rest.size() != 22 || rest[2] != '-' || rest[6] != '-' || rest[9] != ' ' || rest.substr(18) != " GMT")
        return std::nullopt;
    auto year = digits(rest.substr(7, 2));
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    const int this_year = static_cast<int>(today.year());
    if (year) {
        *year += this_year - this_year % 100;
        if (*year > this_year + 50) *year -= 100;
    }
    return moment(year, month_of(rest.substr(3, 3)), digits(rest.substr(0, 2)), rest.substr(10, 8));
}

/// Sun Nov  6 08:49:37 1994
std::optional<std::chrono::sys_seconds> asctime_date(std::string_view s) noexcept {
    if (s.size() != 24 || s[3] != ' ' || s[7] != ' ' || s[10] != ' ' || s[19] != ' ') return std::nullopt;
    return moment(digits(s.substr(20, 4)), month_of(s.substr(4, 3)), digits(trimmed(s.substr(8, 2))),
                  s.substr(11, 8));
}

std::optional<std::chrono::sys_seconds> http_date(std::string_view s, wall_time now) noexcept {
    if (const auto t = imf_date(s)) return t;
    if (const auto t = rfc850_date(s, now)) return t;
    return asctime_date(s);
}

std::optional<seconds> retry_after(const incoming_response& r, wall_time now) noexcept {
    const std::string_view asked = trimmed(r.header("retry-after"));
    if (const auto n = digits(asked)) return seconds{*n};
    const auto until = http_date(asked, now);
    if (!until) return std::nullopt;
    // By the vendor's own clock where it tells its time.
    const auto sent = http_date(trimmed(r.header("date")), now);
    return *until - sent.value_or(std::chrono::floor<seconds>(now));
}

} // namespace

std::optional<seconds> asked_pause(const incoming_response& r, wall_time now) noexcept {
    auto asked = retry_after(r, now);
    if (!asked && is_rate_limit(r.status)) {
        if (const auto n = digits(trimmed(r.header("x-ratelimit-reset"))))
            asked =
                std::min(seconds{*n}, longest_reset); // some write a moment where Mention Me writes a length
    }
    if (!asked) return std::nullopt;
    return std::clamp(*asked, shortest, longest);
}

bool is_rate_limit(unsigned status) noexcept {
    return status == 429 || status == 461;
}

} // namespace offboard::vendors
