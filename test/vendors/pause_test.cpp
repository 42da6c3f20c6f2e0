#include "offboard/vendors/codec.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_pause_test {

using namespace offboard;

BOOST_AUTO_TEST_SUITE(vendor_pause)

BOOST_AUTO_TEST_CASE(the_pause_a_vendor_asks_for) {
    constexpr const char* ten_past = "Sun, 06 Nov 1994 08:49:37 GMT";
    struct {
        const char* name;
        std::vector<header_field> headers;
        int seconds; // 0: none
    } const cases[] = {
        {"neither", {}, 0},
        {"retry-after", {{"retry-after", "7"}}, 7},
        {"with blanks", {{"retry-after", " 7\t"}}, 7},
        {"nought waits a second", {{"retry-after", "0"}}, 1},
        {"a day", {{"retry-after", "86400"}}, 86400},
        {"beyond any integer", {{"retry-after", "99999999999999999999999999"}}, 604800},
        {"1.7 row 8: reset is a delta", {{"x-ratelimit-reset", "42"}}, 42},
        {"an epoch is clamped", {{"x-ratelimit-reset", "1763809200"}}, 300},
        {"retry-after first", {{"x-ratelimit-reset", "42"}, {"retry-after", "7"}}, 7},
        {"unusable retry-after", {{"retry-after", "soon"}, {"x-ratelimit-reset", "42"}}, 42},
        {"negative", {{"retry-after", "-5"}}, 0},
        {"fraction", {{"x-ratelimit-reset", "1.5"}}, 0},
        {"a date without a Date is held against our clock", {{"retry-after", ten_past}}, 37},
        {"RFC 850's form", {{"retry-after", "Sunday, 06-Nov-94 08:49:37 GMT"}}, 37},
        {"asctime's form", {{"retry-after", "Sun Nov  6 08:49:37 1994"}}, 37},
        {"a Date in another form", {{"retry-after", ten_past}, {"date", "Sun Nov  6 08:49:30 1994"}}, 7},
        {"two digits of the year before", {{"retry-after", "Friday, 31-Dec-93 23:59:59 GMT"}}, 1},
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
    const wall_time now = std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + std::chrono::hours{8} +
                          std::chrono::minutes{49};
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.name) {
            const auto asked = vendors::asked_pause({429, c.headers, ""}, now);
            BOOST_TEST((asked ? static_cast<int>(asked->count()) : 0) == c.seconds);
        }
    }
}

BOOST_AUTO_TEST_CASE(retry_after_counts_with_any_status_and_the_rate_limit_fields_only_with_too_many_calls) {
    for (const unsigned status : {200U, 301U, 400U, 429U, 461U, 500U, 503U}) {
        BOOST_TEST_CONTEXT(status) {
            BOOST_TEST((vendors::asked_pause({status, {{"retry-after", "400"}}, ""}, {}) ==
                        std::chrono::seconds(400)));
            const bool limited = status == 429 || status == 461;
            BOOST_TEST(vendors::asked_pause({status, {{"x-ratelimit-reset", "42"}}, ""}, {}).has_value() ==
                       limited);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_pause_test
