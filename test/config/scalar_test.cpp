#include "config/scalar.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>

namespace config_scalar_test {

using namespace std::chrono_literals;
using namespace offboard::config;

BOOST_AUTO_TEST_SUITE(config_scalar)

BOOST_AUTO_TEST_CASE(durations_are_a_whole_number_and_a_unit) {
    const std::pair<const char*, offboard::duration> good[] = {
        {"250ms", 250ms}, {"10s", 10s}, {"5m", 5min}, {"24h", 24h},
        {"7d", 168h},     {"0", 0s},    {"0s", 0s},   {"1000ms", 1000ms}};
    for (const auto& [text, d] : good) {
        BOOST_TEST_CONTEXT(text) {
            BOOST_TEST_REQUIRE(parse_duration(text).has_value());
            BOOST_TEST((*parse_duration(text) == d));
        }
    }
    for (const char* text : {"", "5", "s", "1.5s", "-1s", "+1s", "1 s", "1S", "1us", "1w", "1h30m", " 1s",
                             "1s ", "99999999999999999999s", "106752d", "9223372036854775807d"})
        BOOST_TEST(!parse_duration(text).has_value(), text);
    BOOST_TEST(parse_duration("106751d").has_value());
}

BOOST_AUTO_TEST_CASE(sizes_are_bytes_or_powers_of_1024) {
    const std::pair<const char*, std::size_t> good[] = {
        {"0", 0}, {"4096", 4096}, {"64KiB", 65536}, {"4MiB", 4194304}, {"1GiB", 1073741824}};
    for (const auto& [text, n] : good) {
        BOOST_TEST_CONTEXT(text) {
            BOOST_TEST_REQUIRE(parse_size(text).has_value());
            BOOST_TEST(*parse_size(text) == n);
        }
    }
    for (const char* text : {"", "KiB", "4MB", "4kib", "1.5MiB", "-1", "4 MiB", "9223372036854775807KiB"})
        BOOST_TEST(!parse_size(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(what_is_shown_can_be_read_again) {
    for (const char* text : {"0", "250ms", "90s", "5m", "24h"}) {
        const auto d = parse_duration(text);
        BOOST_TEST((parse_duration(show_duration(*d)) == d), text);
    }
    BOOST_TEST(show_duration(24h) == "1d");
    BOOST_TEST(show_duration(90s) == "90s");
    BOOST_TEST(show_size(4u << 20) == "4MiB");
    BOOST_TEST(show_size(1000) == "1000");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_scalar_test
