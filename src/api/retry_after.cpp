#include "retry_after.hpp"

#include "field_text.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace offboard::api {

namespace {

using std::chrono::seconds;

/// RFC 9110, 5.6.7: the form of today and the two that are obsolete. Seconds since 1970.
std::optional<seconds> read_date(std::string_view text) {
    const std::string whole(text);
    for (const char* form :
         {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
        std::tm parts{};
        const char* const end = ::strptime(whole.c_str(), form, &parts);
        if (end && *end == '\0') return seconds(::timegm(&parts));
    }
    return std::nullopt;
}

} // namespace

std::optional<seconds> read_retry_after(std::string_view field, std::string_view sent, wall_time now) {
    const std::string_view text = trimmed(field);
    if (text.empty()) return std::nullopt;
    if (std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
        std::int64_t n = 0;
        const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
        constexpr std::int64_t a_year = 366 * 86'400;
        return seconds(ec == std::errc() ? std::min(n, a_year) : a_year);
    }
    const auto until = read_date(text);
    if (!until) return std::nullopt;
    const auto from =
        read_date(trimmed(sent)).value_or(std::chrono::duration_cast<seconds>(now.time_since_epoch()));
    return std::max(*until - from, seconds(0));
}

} // namespace offboard::api
