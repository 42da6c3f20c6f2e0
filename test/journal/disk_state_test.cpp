#include "sqlite/disk_state.hpp"

#include <boost/test/unit_test.hpp>

namespace journal_disk_state_test {

using namespace offboard::journal::sqlite;

BOOST_AUTO_TEST_SUITE(disk_state_suite)

BOOST_AUTO_TEST_CASE(a_fault_never_makes_the_state_better) {
    using enum disk;
    using enum fault_kind;
    const struct {
        disk before;
        fault_kind fault;
        disk after;
    } rows[] = {
        {opening, full, opening},
        {opening, broken, opening},
        {opening, damage, opening_damaged},
        {opening_damaged, full, opening_damaged},
        {opening_damaged, broken, opening_damaged},
        {opening_damaged, damage, opening_damaged},
        {healthy, full, suspended},
        {healthy, broken, reopening},
        {healthy, damage, damaged},
        {suspended, full, suspended},
        {suspended, broken, reopening},
        {suspended, damage, damaged},
        {reopening, full, reopening},
        {reopening, broken, reopening},
        {reopening, damage, damaged},
        {damaged, full, damaged},
        {damaged, broken, damaged},
        {damaged, damage, damaged},
    };
    for (const auto& row : rows)
        BOOST_TEST((after_fault(row.before, row.fault) == row.after));
}

BOOST_AUTO_TEST_CASE(opening_ends_everything_but_damage_and_nothing_but_a_write_is_health) {
    using enum disk;
    BOOST_TEST((after_opening(opening) == suspended));
    BOOST_TEST((after_opening(opening_damaged) == suspended)); // it was read through as it was opened
    BOOST_TEST((after_opening(reopening) == suspended));
    BOOST_TEST((after_opening(damaged) == damaged));
    for (const disk d : {opening, opening_damaged, suspended, reopening, damaged}) {
        BOOST_TEST((after_opening(d) != healthy));
        for (const fault_kind f : {fault_kind::full, fault_kind::broken, fault_kind::damage})
            BOOST_TEST((after_fault(d, f) != healthy));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_disk_state_test
