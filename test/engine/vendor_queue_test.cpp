// Which call may start, and when.
#include "queue_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace engine_vendor_queue_test {

using namespace engine_fixture;

BOOST_AUTO_TEST_SUITE(vendor_queue_suite)

BOOST_AUTO_TEST_CASE(an_idle_lane_sends_at_once_and_gathers_behind_its_call) {
    fixture f;
    BOOST_TEST(!f.start());
    const auto first = operation_of("a", action::lapse, 1);
    f.push(first);
    auto call = f.start();
    BOOST_REQUIRE(call);
    BOOST_TEST(places_of(call) == 1u);
    BOOST_TEST((first->steps[0].stage == stage::in_flight));
    f.push(operation_of("b", action::lapse, 99));
    BOOST_TEST(!f.start()); // one is in flight, and the next is not full
    f.push(operation_of("c", action::lapse, 1));
    BOOST_TEST(places_of(f.start()) == 100u);
    f.push(operation_of("d", action::lapse, 3));
    BOOST_TEST(!f.start());
    f.answer(*call, done());
    BOOST_TEST(!f.start()); // the full call is in flight
    BOOST_TEST(f.queue.waiting().waiting() == 3u);
    BOOST_TEST(f.queue.calls_in_flight() == 1u);
}

BOOST_AUTO_TEST_CASE(no_more_calls_are_in_flight_than_the_vendor_takes) {
    fixture f(1'000'000, 1s, 2);
    f.push(operation_of("a", action::forget, 5));
    f.push(operation_of("b", action::lapse, 250));
    BOOST_TEST(f.start().has_value());
    BOOST_TEST(f.start().has_value());
    BOOST_TEST(!f.start());
}

BOOST_AUTO_TEST_CASE(lanes_take_turns) {
    fixture f(1'000'000, 1s, 1);
    f.push(operation_of("a", action::forget, 3));
    f.push(operation_of("b", action::lapse, 3));
    std::vector<action> sent;
    while (auto call = f.start()) {
        sent.push_back(call->what);
        f.answer(*call, done());
    }
    BOOST_TEST((sent == std::vector{action::forget, action::lapse, action::forget, action::forget}));
}

BOOST_AUTO_TEST_CASE(the_budget_spaces_calls_and_says_when_the_next_may_go) {
    fixture f(10, 10s);
    f.push(operation_of("a", action::forget, 30));
    std::vector<steady_time> starts;
    while (starts.size() < 25) {
        if (auto call = f.start()) {
            starts.push_back(f.now);
            f.answer(*call, done());
            continue;
        }
        BOOST_REQUIRE((f.queue.wake_at() > f.now));
        BOOST_REQUIRE((f.queue.wake_at() < f.now + 11s));
        f.pass_to_wake();
    }
    for (std::size_t i = 10; i < starts.size(); ++i)
        BOOST_TEST((starts[i] - starts[i - 10] >= 10s));
}

BOOST_AUTO_TEST_CASE(the_budget_of_an_earlier_process_counts) {
    fixture f(2, 10s);
    f.queue.restore({f.today - 1s, f.today - 1s}, f.at());
    f.push(operation_of("a", action::forget, 1));
    BOOST_TEST(!f.start());
    while (!f.start()) {
        BOOST_REQUIRE((f.queue.wake_at() != steady_time::max()));
        f.pass_to_wake();
    }
    BOOST_TEST((f.now - steady_time(100h) >= 9s));
}

BOOST_AUTO_TEST_CASE(no_call_starts_while_the_journal_cannot_write) {
    fixture f;
    f.push(operation_of("a", action::lapse, 1));
    f.known.journal_works = false;
    BOOST_TEST(!f.start());
    BOOST_TEST((f.queue.wake_at() == f.now + 500ms));
    f.known.journal_works = true;
    BOOST_TEST(f.start().has_value());
}

BOOST_AUTO_TEST_CASE(a_departure_that_was_not_written_leaves_the_steps_where_they_were) {
    fixture f;
    const auto op = operation_of("a", action::lapse, 2);
    f.push(op);
    auto call = f.queue.next(f.at(), f.known);
    BOOST_REQUIRE(call);
    effects out;
    BOOST_TEST(!f.queue.departed(*call, false, f.at(), out));
    BOOST_TEST(out.news.empty());
    BOOST_TEST(f.queue.calls_in_flight() == 0u);
    BOOST_TEST(f.queue.waiting().waiting() == 2u);
    BOOST_TEST((op->steps[0].stage == stage::queued));
    BOOST_TEST(op->steps[0].attempts == 0u);
    BOOST_TEST(!f.start()); // after a pause: the journal is not asked all the time
    f.pass_to_wake();
    BOOST_TEST(places_of(f.start()) == 2u);
}

BOOST_AUTO_TEST_CASE(a_departure_that_took_the_journal_too_long_does_not_leave) {
    fixture f;
    f.push(operation_of("a", action::lapse, 1));
    auto call = f.queue.next(f.at(), f.known);
    BOOST_REQUIRE(call);
    f.pass(vendor_queue::longest_departure + 1ms);
    effects out;
    BOOST_TEST(!f.queue.departed(*call, true, f.at(), out));
    BOOST_TEST(f.queue.waiting().waiting() == 1u);
}

BOOST_AUTO_TEST_CASE(a_call_that_cannot_end_in_time_does_not_start) {
    fixture f;
    f.push(operation_of("a", action::lapse, 1));
    f.queue.end_by(f.now + 4s); // the timeout is 5 s
    BOOST_TEST(!f.start());
    f.queue.end_by(f.now + 5s);
    auto call = f.queue.next(f.at(), f.known);
    BOOST_REQUIRE(call);
    f.pass(1ms);
    effects out;
    BOOST_TEST(!f.queue.departed(*call, true, f.at(), out));
}

BOOST_AUTO_TEST_CASE(nothing_starts_after_halt) {
    fixture f;
    f.push(operation_of("a", action::lapse, 1));
    f.queue.halt();
    BOOST_TEST(!f.start());
}

BOOST_AUTO_TEST_CASE(a_step_that_is_void_is_not_sent) {
    fixture f;
    const auto op = operation_of("a", action::lapse, 3);
    f.push(op);
    op->steps[0].stage = stage::deciding; // cancelled, or given up
    op->steps[1].generation = 7;          // queued anew elsewhere
    const auto call = f.start();
    BOOST_REQUIRE(call);
    BOOST_TEST(places_of(call) == 1u);
    BOOST_TEST(call->content.places[0].items[0].step == 2u);
    const auto gone = operation_of("b", action::lapse, 1);
    f.push(gone);
    gone->steps[0].stage = stage::deciding;
    BOOST_TEST(!f.start());
}

BOOST_AUTO_TEST_CASE(what_is_cancelled_while_the_journal_writes_does_not_leave) {
    fixture f;
    const auto stays = operation_of("a", action::lapse, 1);
    const auto stops = operation_of("b", action::lapse, 1);
    f.push(stays);
    f.push(stops);
    auto call = f.queue.next(f.at(), f.known);
    BOOST_REQUIRE(call);
    stops->stopped = true;
    effects out;
    BOOST_TEST(f.queue.departed(*call, true, f.at(), out));
    BOOST_REQUIRE_EQUAL(out.news.size(), 1u);
    BOOST_TEST((out.news[0].op == stops));
    BOOST_TEST((out.news[0].outcome.status == step_status::cancelled));
    BOOST_TEST(call->content.places.size() == 1u);
    BOOST_TEST(call->content.batch.places.size() == 1u); // the request is about one customer, too
    stays->stopped = true;
    f.push(stays);
    auto other = fixture();
    other.push(stays);
    auto alone = other.queue.next(other.at(), other.known);
    BOOST_REQUIRE(alone);
    effects all;
    BOOST_TEST(!other.queue.departed(*alone, true, other.at(), all));
    BOOST_TEST(all.news.size() == 1u);
    BOOST_TEST(other.queue.calls_in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(the_estimate_grows_with_what_waits_and_knows_open_breakers) {
    fixture f(10, 10s);
    BOOST_TEST((f.queue.eta(f.at(), f.known) == 1s));
    f.push(operation_of("a", action::forget, 40));
    const auto all = f.queue.eta(f.at(), f.known);
    const auto one = f.queue.eta(f.at(), f.known, 1);
    BOOST_TEST((all >= 30s));
    BOOST_TEST((one < all));
    fixture open;
    for (int i = 0; i < 2; ++i) {
        open.push(operation_of(std::to_string(i), action::lapse, 1));
        auto call = open.start();
        BOOST_REQUIRE(call);
        open.lose(*call, errc::connect_failed);
        open.pass(1s);
    }
    BOOST_TEST((open.queue.eta(open.at(), open.known) >= 5s));
}

BOOST_AUTO_TEST_CASE(the_oldest_step_is_known_also_while_it_waits_for_another_try) {
    fixture f;
    const auto op = operation_of("a", action::lapse, 1, f.today - std::chrono::hours(1));
    f.push(op);
    BOOST_TEST((f.now - f.queue.waiting().oldest(f.now) == 1h)); // it waited in an earlier process
    auto call = f.start();
    f.lose(*call, errc::connect_failed);
    BOOST_TEST((f.now - f.queue.waiting().oldest(f.now) == 1h));
    op->retried_at = f.today;
    BOOST_TEST((f.now - f.queue.waiting().oldest(f.now) == 1h)); // as it was queued
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace engine_vendor_queue_test
