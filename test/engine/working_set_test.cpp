#include "queue_fixture.hpp"

#include "offboard/engine/give_up.hpp"
#include "offboard/engine/working_set.hpp"

#include <boost/test/unit_test.hpp>

namespace engine_working_set_test {

using namespace engine_fixture;

namespace {

window small() {
    window w;
    w.steps = 100;
    w.steps_of_one = 40;
    w.memory = 2'000;
    return w;
}

} // namespace

BOOST_AUTO_TEST_SUITE(working_set_suite)

BOOST_AUTO_TEST_CASE(an_operation_that_is_alone_may_be_of_any_size) {
    working_set set(small());
    const auto huge = operation_of("a", action::lapse, 500);
    BOOST_TEST(set.has_room(*huge, purpose::new_work));
    const working_set::member m = set.add(*huge, true);
    BOOST_TEST(m.unsettled == 500u);
    BOOST_TEST(m.undecided == 500u);
    const auto one = operation_of("b", action::forget, 1);
    BOOST_TEST(!set.has_room(*one, purpose::new_work));
    BOOST_TEST(!set.may_load());
    working_set::member gone = m;
    for (int i = 0; i < 500; ++i)
        set.count(gone, action::lapse, -1);
    set.remove(gone);
    BOOST_TEST(set.has_room(*huge, purpose::work));
    BOOST_TEST(set.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(a_vendor_that_fills_its_part_leaves_room_for_the_others) {
    working_set set(small());
    set.add(*operation_of("a", action::lapse, 40), true);
    BOOST_TEST(!set.has_room(*operation_of("b", action::lapse, 1), purpose::new_work));
    BOOST_TEST(set.has_room(*operation_of("c", action::forget, 1), purpose::new_work));
}

BOOST_AUTO_TEST_CASE(settled_steps_take_memory_and_no_room_of_a_vendor) {
    working_set set(small());
    const auto op = operation_of("a", action::lapse, 40);
    for (step& s : op->steps)
        s.outcome.status = step_status::accepted;
    const working_set::member m = set.add(*op, true);
    BOOST_TEST(m.unsettled == 0u);
    BOOST_TEST(m.weight >= 40u);
    BOOST_TEST(set.has_room(*operation_of("b", action::lapse, 30), purpose::new_work));
}

BOOST_AUTO_TEST_CASE(new_work_has_a_fifth_of_the_room_while_older_work_is_parked) {
    working_set set(small());
    set.add(*operation_of("old", action::forget, 10), false);
    set.park(1, 5);
    BOOST_TEST(set.has_room(*operation_of("a", action::lapse, 20), purpose::new_work));
    BOOST_TEST(!set.has_room(*operation_of("b", action::lapse, 21), purpose::new_work));
    BOOST_TEST(set.has_room(*operation_of("b", action::lapse, 21), purpose::work));
    set.unpark(5);
    BOOST_TEST(set.has_room(*operation_of("b", action::lapse, 21), purpose::new_work));
}

BOOST_AUTO_TEST_CASE(what_is_on_its_way_into_the_journal_takes_room) {
    working_set set(small());
    set.begins("a", 90, true);
    BOOST_TEST(set.is_beginning("a"));
    BOOST_TEST(set.waiting() == 90u);
    BOOST_TEST(!set.has_room(*operation_of("b", action::lapse, 11), purpose::new_work));
    set.begun("a", 90);
    BOOST_TEST(!set.is_beginning("a"));
    set.begins("c", 1, false);
    BOOST_TEST(!set.is_beginning("c")); // it will be parked
}

BOOST_AUTO_TEST_CASE(a_round_that_finds_nothing_corrects_the_count_but_not_what_was_parked_meanwhile) {
    working_set set(small());
    set.park(3, 30);
    set.found_none(); // they were parked after the round had passed
    BOOST_TEST(set.parked() == 3u);
    set.found_none();
    BOOST_TEST(set.parked() == 0u);
    BOOST_TEST(set.parked_steps() == 0u);
    set.unpark(5);
    BOOST_TEST(set.parked() == 0u);
}

BOOST_AUTO_TEST_CASE(what_settles_while_it_is_read_is_out_of_date_in_what_was_read) {
    working_set set(small());
    set.settled("before");
    set.read_begins();
    set.settled("a");
    set.read_begins();
    set.settled("b");
    const auto first = set.read_ends();
    BOOST_TEST(first.contains("a"));
    BOOST_TEST(first.contains("b"));
    BOOST_TEST(!first.contains("before"));
    BOOST_TEST(set.read_ends().contains("a"));
    set.read_begins();
    BOOST_TEST(set.read_ends().empty());
}

BOOST_AUTO_TEST_CASE(a_step_is_given_up_by_its_age_and_what_is_known_of_its_vendor) {
    const wall_time today{std::chrono::hours(1000)};
    const give_up_rule rule{24h};
    const vendor_view works{true, true, false};
    const vendor_view down{true, false, false};
    const vendor_view refuses{true, false, true};
    const vendor_view none;
    const struct {
        int age_hours;
        bool tried;
        vendor_view vendor;
        bool over;
        outcome_code code;
    } rows[] = {
        {23, true, works, false, outcome_code::given_up},
        {23, true, none, false, outcome_code::not_configured},
        {24, true, works, true, outcome_code::given_up},
        {24, false, works, false, outcome_code::given_up}, // sent once while its vendor works
        {24, false, down, true, outcome_code::given_up},
        {24, false, refuses, true, outcome_code::vendor_auth},
        {24, false, none, true, outcome_code::not_configured},
    };
    for (const auto& row : rows) {
        const auto op = operation_of("a", action::lapse, 1, today - std::chrono::hours(row.age_hours));
        step& s = op->steps[0];
        s.attempts = row.tried ? 1 : 0;
        BOOST_TEST(is_too_late(*op, s, rule, today, row.vendor) == row.over);
        BOOST_TEST((outcome_given_up(s, row.vendor).code == row.code));
        BOOST_TEST((outcome_given_up(s, row.vendor).status == step_status::failed));
        s.history.in_doubt = true;
        BOOST_TEST((outcome_given_up(s, row.vendor).status == step_status::unknown));
        op->retried_at = today; // an operator's retry starts the time anew
        BOOST_TEST(!is_too_late(*op, s, rule, today, row.vendor));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace engine_working_set_test
