#include "simulation.hpp"

#include <boost/test/unit_test.hpp>

namespace simulation_test {

using namespace offboard::simulation;

BOOST_AUTO_TEST_SUITE(simulation_suite)

BOOST_AUTO_TEST_CASE(a_quiet_life_settles_everything) {
    scale calm;
    calm.fault = 0;
    calm.crashes = 0;
    calm.disk_faults = calm.cancels = false;
    const verdict v = simulate(1, calm);
    BOOST_TEST(v.faults.empty(), v.story);
    BOOST_TEST(v.calls > 0u);
}

BOOST_AUTO_TEST_CASE(one_seed_is_one_life) {
    const verdict one = simulate(7, {});
    const verdict two = simulate(7, {});
    BOOST_TEST(one.calls == two.calls);
    BOOST_TEST(one.handlers == two.handlers);
}

BOOST_AUTO_TEST_CASE(no_life_breaks_a_promise) {
    for (std::uint64_t seed = 100; seed < 150; ++seed) {
        const verdict v = simulate(seed, {});
        BOOST_TEST(v.faults.empty(), v.story);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace simulation_test
