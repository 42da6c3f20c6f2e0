#include "offboard/base/ulid.hpp"

#include <boost/test/unit_test.hpp>

namespace base_ulid_test {

using namespace std::chrono_literals;
using offboard::wall_time;

namespace {
struct counting final : offboard::random_source {
    std::uint64_t n = 0;
    std::uint64_t next() override { return n++; }
};
} // namespace

BOOST_AUTO_TEST_SUITE(ulid_suite)

BOOST_AUTO_TEST_CASE(a_ulid_sorts_by_time_and_is_recognised) {
    counting random;
    // The specification's own example time: 01ARZ3NDEK… is 1469922850259 ms.
    const auto id = offboard::make_ulid(wall_time(1469922850259ms), random);
    BOOST_TEST(id.substr(0, 10) == "01ARZ3NDEK");
    BOOST_TEST(offboard::is_ulid(id));
    BOOST_TEST(id < offboard::make_ulid(wall_time(1469922850260ms), random));
}

BOOST_AUTO_TEST_CASE(what_is_no_ulid_is_not_taken_for_one) {
    for (const auto* text :
         {"", "01JD2M7Q0R8W2C5V9T3K6H4XN", "01JD2M7Q0R8W2C5V9T3K6H4XNBB", "81JD2M7Q0R8W2C5V9T3K6H4XNB",
          "01jd2m7q0r8w2c5v9t3k6h4xnb", "01JD2M7Q0R8W2C5V9T3K6H4XNU", "../../../../../etc/passwd.."})
        BOOST_TEST(!offboard::is_ulid(text), text);
}

BOOST_AUTO_TEST_CASE(times_are_rfc_3339_with_milliseconds) {
    BOOST_TEST(offboard::to_rfc3339(wall_time(1763806502113ms)) == "2025-11-22T10:15:02.113Z");
    BOOST_TEST(offboard::to_rfc3339(wall_time(7ms)) == "1970-01-01T00:00:00.007Z");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace base_ulid_test
