#include "http_date.hpp"

#include <algorithm>
#include <array>

namespace chrono = std::chrono;

namespace offboard::vendors {

namespace {

using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                      "Thursday", "Friday", "Saturday"};

/// Takes a text apart from the front. Once something is not as expected, the rest is void.
class scanner {
public:
    explicit scanner(std::string_view text) : rest_(text) {}
    bool complete() const noexcept { return good_ && rest_.empty(); }

    void literal(std::string_view expected) noexcept {
        good_ = good_ && rest_.starts_with(expected);
        if (good_) rest_.remove_prefix(expected.size());
    }
    int number(std::size_t digits, bool blank_in_front = false) noexcept {
        good_ = good_ && rest_.size() >= digits;
        int n = 0;
        for (std::size_t i = 0; good_ && i < digits; ++i) {
            const char c = blank_in_front && i == 0 && rest_[0] == ' ' ? '0' : rest_[i];
            good_ = c >= '0' && c <= '9';
            n = n * 10 + (c - '0');
        }
        if (good_) rest_.remove_prefix(digits);
        return good_ ? n : 0;
    }
    /// The index of the word that stands here, of which `letters` are written.
    template <std::size_t N>
    std::size_t word(const std::array<std::string_view, N>& words, std::size_t letters) noexcept {
        const auto* at = std::find_if(words.begin(), words.end(), [&](std::string_view w) {
            return rest_.starts_with(w.substr(0, letters));
        });
        good_ = good_ && at != words.end();
        if (good_) rest_.remove_prefix(std::min(letters, at->size()));
        return good_ ? static_cast<std::size_t>(at - words.begin()) : 0;
    }

private:
    std::string_view rest_;
    bool good_ = true;
};

struct fields {
    int year_of = 0;
    std::size_t month_of = 0;
    int day_of = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
};

void read_time(scanner& s, fields& f) noexcept {
    f.hour = s.number(2);
    s.literal(":");
    f.minute = s.number(2);
    s.literal(":");
    f.second = s.number(2);
}

std::optional<fields> read_preferred(std::string_view text) noexcept {
    scanner s(text);
    fields f;
    s.word(weekdays, 3);
    s.literal(", ");
    f.day_of = s.number(2);
    s.literal(" ");
    f.month_of = s.word(months, 3);
    s.literal(" ");
    f.year_of = s.number(4);
    s.literal(" ");
    read_time(s, f);
    s.literal(" GMT");
    return s.complete() ? std::optional(f) : std::nullopt;
}

std::optional<fields> read_rfc_850(std::string_view text, sys_seconds today) noexcept {
    scanner s(text);
    fields f;
    s.word(weekdays, std::string_view::npos);
    s.literal(", ");
    f.day_of = s.number(2);
    s.literal("-");
    f.month_of = s.word(months, 3);
    s.literal("-");
    const int of_century = s.number(2);
    s.literal(" ");
    read_time(s, f);
    s.literal(" GMT");
    const int this_year = int(chrono::year_month_day(chrono::floor<chrono::days>(today)).year());
    f.year_of = this_year - this_year % 100 + of_century;
    if (f.year_of > this_year + 50) f.year_of -= 100;
    if (f.year_of <= this_year - 50) f.year_of += 100;
    return s.complete() ? std::optional(f) : std::nullopt;
}

std::optional<fields> read_asctime(std::string_view text) noexcept {
    scanner s(text);
    fields f;
    s.word(weekdays, 3);
    s.literal(" ");
    f.month_of = s.word(months, 3);
    s.literal(" ");
    f.day_of = s.number(2, true);
    s.literal(" ");
    read_time(s, f);
    s.literal(" ");
    f.year_of = s.number(4);
    return s.complete() ? std::optional(f) : std::nullopt;
}

} // namespace

std::optional<chrono::sys_seconds> http_date(std::string_view text, sys_seconds today) noexcept {
    auto read = read_preferred(text);
    if (!read) read = read_rfc_850(text, today);
    if (!read) read = read_asctime(text);
    if (!read || read->hour > 23 || read->minute > 59 || read->second > 60) return std::nullopt;
    const chrono::year_month_day date{chrono::year{read->year_of},
                                      chrono::month{static_cast<unsigned>(read->month_of) + 1},
                                      chrono::day{static_cast<unsigned>(read->day_of)}};
    if (!date.ok()) return std::nullopt;
    return chrono::sys_days{date} + chrono::hours{read->hour} + chrono::minutes{read->minute} +
           chrono::seconds{read->second};
}

} // namespace offboard::vendors
