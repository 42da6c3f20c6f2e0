#include "offboard/base/steadied_clock.hpp"

#include <boost/test/unit_test.hpp>

namespace base_steadied_clock_test {

using namespace offboard;
using namespace std::chrono_literals;

namespace {

/// A host's clocks: both move with advance(), and the wall clock can be stepped.
struct host final : clock {
    steady_time steady{1h};
    wall_time wall{std::chrono::hours(24 * 20'000)};
    steady_time now() const override { return steady; }
    wall_time today() const override { return wall; }
    void advance(std::chrono::milliseconds d) {
        steady += d;
        wall += d;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(steadied_clock_suite)

BOOST_AUTO_TEST_CASE(a_wall_clock_that_is_wrong_for_some_seconds_is_not_followed) {
    for (const auto step : {25h, -25h}) {
        host h;
        const steadied_clock c(h);
        const wall_time begun = c.today();
        h.advance(1s);
        h.wall += step;
        for (int i = 0; i < 3; ++i) {
            BOOST_TEST((c.today() == begun + 1s + i * 1s));
            h.advance(1s);
        }
        h.wall -= step;
        BOOST_TEST((c.today() == begun + 4s));
    }
}

BOOST_AUTO_TEST_CASE(a_step_that_stands_is_followed_in_the_end) {
    for (const auto step : {1h, -1h}) {
        host h;
        const steadied_clock c(h);
        h.wall += step;
        const wall_time before = c.today();
        h.advance(9min + 59s);
        BOOST_TEST((c.today() == before + 9min + 59s));
        h.advance(1s);
        BOOST_TEST((c.today() == h.wall));
    }
}

BOOST_AUTO_TEST_CASE(a_second_step_begins_a_wait_of_its_own) {
    host h;
    const steadied_clock c(h);
    h.wall += 1h;
    const wall_time before = c.today();
    h.advance(9min);
    h.wall += 1h;
    BOOST_TEST((c.today() == before + 9min));
    h.advance(9min);
    BOOST_TEST((c.today() == before + 18min));
    h.advance(1min);
    BOOST_TEST((c.today() == h.wall));
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_slewed_is_followed_at_once) {
    host h;
    const steadied_clock c(h);
    for (int i = 0; i < 100; ++i) {
        h.advance(1s);
        h.wall += 100ms;
        BOOST_TEST((c.today() == h.wall));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace base_steadied_clock_test
