#include "offboard/vendors/codec.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_pause_test {

using namespace offboard;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(vendor_pause)

BOOST_AUTO_TEST_CASE(the_pause_a_vendor_asks_for) {
    constexpr const char* ten_past = "Sun, 06 Nov 1994 08:49:37 GMT";
    constexpr const char* week = "Mon, 14 Nov 1994 08:49:37 GMT";
    const wall_time today =
        std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + 8h + 49min + 27s; // ten before
    struct {
        const char* name;
        std::vector<header_field> headers;
        int seconds; // 0: none
    } const cases[] = {
        {"neither", {}, 0},
        {"retry-after", {{"retry-after", "7"}}, 7},
        {"with blanks", {{"retry-after", " 7\t"}}, 7},
        {"nought waits a second", {{"retry-after", "0"}}, 1},
        {"a day is a day", {{"retry-after", "86400"}}, 86400},
        {"beyond any integer", {{"retry-after", "99999999999999999999999999"}}, 604800},
        {"more than a week", {{"retry-after", week}}, 604800},
        {"1.7 row 8: reset is a delta", {{"x-ratelimit-reset", "42"}}, 42},
        {"an epoch is clamped", {{"x-ratelimit-reset", "1763809200"}}, 300},
        {"retry-after first", {{"x-ratelimit-reset", "42"}, {"retry-after", "7"}}, 7},
        {"unusable retry-after", {{"retry-after", "soon"}, {"x-ratelimit-reset", "42"}}, 42},
        {"negative", {{"retry-after", "-5"}}, 0},
        {"fraction", {{"x-ratelimit-reset", "1.5"}}, 0},
        {"a date without a Date", {{"retry-after", ten_past}}, 10},
        {"a Date that is none", {{"retry-after", ten_past}, {"date", "today"}}, 10},
        {"RFC 850", {{"retry-after", "Sunday, 06-Nov-94 08:49:37 GMT"}}, 10},
        {"asctime", {{"retry-after", "Sun Nov  6 08:49:37 1994"}}, 10},
        {"asctime, beside RFC 850",
         {{"retry-after", "Sun Nov 06 08:49:37 1994"}, {"date", "Sunday, 06-Nov-94 08:49:07 GMT"}},
         30},
        {"asctime with a zone", {{"retry-after", "Sun Nov  6 08:49:37 1994 GMT"}}, 0},
        {"another zone", {{"retry-after", "Sun, 06 Nov 1994 08:49:37 CET"}}, 0},
        {"no such day of the week", {{"retry-after", "Sux, 06 Nov 1994 08:49:37 GMT"}}, 0},
        {"a date beside a Date", {{"retry-after", ten_past}, {"date", "Sun, 06 Nov 1994 08:49:07 GMT"}}, 30},
        {"a date gone by", {{"retry-after", ten_past}, {"date", "Sun, 06 Nov 1994 08:50:07 GMT"}}, 1},
        {"over midnight and a leap day",
         {{"retry-after", "Fri, 01 Mar 2024 00:00:30 GMT"}, {"date", "Thu, 29 Feb 2024 23:59:50 GMT"}},
         40},
        {"no such day", {{"retry-after", "Sun, 31 Feb 2024 00:00:30 GMT"}, {"date", ten_past}}, 0},
        {"garbage as long as a date",
         {{"retry-after", "Sun, xx Nov 1994 08:49:37 GMT"}, {"date", ten_past}},
         0},
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.name) {
            const auto asked = vendors::asked_pause({429, c.headers, ""}, today);
            BOOST_TEST((asked ? static_cast<int>(asked->count()) : 0) == c.seconds);
        }
    }
}

BOOST_AUTO_TEST_CASE(retry_after_counts_on_any_status_and_the_vendors_count_on_a_refusal_only) {
    const wall_time today{};
    for (const unsigned status : {200U, 202U, 302U, 400U, 401U, 404U, 429U, 461U, 500U, 503U}) {
        BOOST_TEST_CONTEXT(status) {
            BOOST_TEST(vendors::asked_pause({status, {{"retry-after", "900"}}, ""}, today).value().count() ==
                       900);
            const auto reset = vendors::asked_pause({status, {{"x-ratelimit-reset", "42"}}, ""}, today);
            BOOST_TEST(reset.has_value() == (status == 429 || status == 461));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_year_of_two_digits_is_near) {
    const auto pause = [](const char* retry_after, const char* date) {
        const auto asked =
            vendors::asked_pause({503, {{"retry-after", retry_after}, {"date", date}}, ""}, {});
        return asked ? asked->count() : 0;
    };
    // The end of a century: the year after 99 is 2000.
    BOOST_TEST(pause("Saturday, 01-Jan-00 00:00:30 GMT", "Fri, 31 Dec 1999 23:59:50 GMT") == 40);
    BOOST_TEST(pause("Thursday, 26-Nov-26 10:00:30 GMT", "Thu, 26 Nov 2026 10:00:00 GMT") == 30);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_pause_test
