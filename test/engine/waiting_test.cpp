// What a pending step is told to wait for.
#include "queue_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace engine_waiting_test {

using namespace engine_fixture;

namespace {

struct asked {
    explicit asked(fixture& f, bool parked = false) {
        view.now = f.now;
        view.today = f.today;
        view.parked = parked;
        for (const action a : all_actions)
            view.by_action[static_cast<std::size_t>(a)] = f.queue.wait_of(a, f.now, f.known);
    }
    waiting_view::answer of(const std::shared_ptr<operation>& op) const { return view.of(op->steps[0]); }
    waiting_view view;
};

} // namespace

BOOST_AUTO_TEST_SUITE(waiting_suite)

BOOST_AUTO_TEST_CASE(a_step_that_is_settled_or_in_a_call_waits_for_nothing) {
    fixture f;
    const auto op = operation_of("a", action::lapse, 1);
    BOOST_TEST((asked(f).of(op).what == waiting_for::order)); // held: nothing has opened its gate
    BOOST_TEST((asked(f, true).of(op).what == waiting_for::backlog));
    f.push(op);
    BOOST_TEST((asked(f).of(op).what == waiting_for::slot));
    const auto call = f.start();
    BOOST_TEST((asked(f).of(op).what == waiting_for::nothing));
    op->steps[0].outcome.status = step_status::accepted;
    BOOST_TEST((asked(f, true).of(op).what == waiting_for::nothing));
}

BOOST_AUTO_TEST_CASE(a_step_that_backs_off_knows_when_it_is_tried_again) {
    fixture f;
    const auto op = operation_of("a", action::lapse, 1);
    f.push(op);
    auto call = f.start();
    f.lose(*call, errc::connect_failed);
    const waiting_view::answer said = asked(f).of(op);
    BOOST_TEST((said.what == waiting_for::nothing));
    BOOST_REQUIRE(said.next_attempt_at);
    BOOST_TEST((*said.next_attempt_at > f.today));
    f.pass(1min);
    BOOST_TEST((asked(f).of(op).what == waiting_for::slot));
}

BOOST_AUTO_TEST_CASE(the_reason_is_the_first_that_keeps_calls_from_starting) {
    fixture f(2, 10s);
    const auto op = operation_of("a", action::lapse, 1);
    f.queue.restore({f.today, f.today}, f.at());
    f.push(op);
    waiting_view::answer said = asked(f).of(op);
    BOOST_TEST((said.what == waiting_for::budget));
    BOOST_TEST(said.next_attempt_at.has_value());
    f.known.journal_works = false;
    BOOST_TEST((asked(f).of(op).what == waiting_for::disk));
    f.known.journal_works = true;

    fixture down;
    for (int i = 0; i < 2; ++i) {
        down.push(operation_of(std::to_string(i), action::lapse, 1));
        auto call = down.start();
        down.lose(*call, errc::connect_failed);
    }
    const auto behind = operation_of("b", action::lapse, 1);
    const auto other = operation_of("c", action::forget, 1);
    down.push(behind);
    down.push(other);
    said = asked(down).of(behind);
    BOOST_TEST((said.what == waiting_for::breaker));
    BOOST_REQUIRE(said.next_attempt_at);
    BOOST_TEST((*said.next_attempt_at > down.today));
    BOOST_TEST((asked(down).of(other).what == waiting_for::slot)); // its vendor call has a breaker of its own

    fixture refused;
    refused.push(operation_of("d", action::lapse, 1));
    auto call = refused.start();
    refused.answer(*call, unauthorised(), 403);
    const auto held = operation_of("e", action::lapse, 1);
    refused.push(held);
    said = asked(refused).of(held);
    BOOST_TEST((said.what == waiting_for::credentials));
    BOOST_REQUIRE(said.next_attempt_at);
    BOOST_TEST((*said.next_attempt_at == refused.today + 5min));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace engine_waiting_test
