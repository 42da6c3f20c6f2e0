// What the end of a call means for its steps and for the calls that follow.
#include "queue_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace engine_call_end_test {

using namespace engine_fixture;
using vendors::next;

namespace {

std::vector<std::string> operations_in(const started_call& call) {
    std::vector<std::string> out;
    for (const lane_queue::place& p : call.content.places)
        for (const queued_step& q : p.items)
            out.push_back(q.op->id);
    return out;
}

/// Opens the breaker of the action with calls for different customers.
void open_breaker(fixture& f, action what) {
    for (int i = 0; i < 2; ++i) {
        f.push(operation_of("down" + std::to_string(i), what, 1));
        auto call = f.start();
        BOOST_REQUIRE(call);
        f.lose(*call, errc::connect_failed);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(call_end_suite)

BOOST_AUTO_TEST_CASE(a_success_settles_every_step_and_frees_the_lane) {
    fixture f;
    const auto op = operation_of("a", action::lapse, 3);
    f.push(op);
    auto call = f.start();
    const effects out = f.answer(*call, done());
    BOOST_TEST(out.news.size() == 3u);
    for (const settlement& n : out.news)
        BOOST_TEST((n.outcome.status == step_status::succeeded));
    BOOST_TEST(op->steps[0].attempts == 1u);
    BOOST_TEST(f.queue.calls_in_flight() == 0u);
    BOOST_TEST(f.queue.waiting().waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(steps_of_one_person_share_a_place_and_its_outcome) {
    fixture f;
    const auto a = operation_of("same", action::lapse, 1);
    const auto b = operation_of("same", action::lapse, 1);
    f.push(a);
    f.push(b);
    auto call = f.start();
    BOOST_TEST(places_of(call) == 1u);
    BOOST_TEST(f.answer(*call, done()).news.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_lost_answer_is_tried_again_with_the_same_customers_and_then_in_halves) {
    fixture f;
    f.push(operation_of("a", action::lapse, 4));
    auto call = f.start();
    f.lose(*call, errc::answer_timeout);
    f.push(operation_of("b", action::lapse, 1));
    auto other = f.start(); // another customer does not join the group that failed
    BOOST_REQUIRE(other);
    BOOST_TEST((operations_in(*other) == std::vector<std::string>{"b"}));
    f.answer(*other, done());
    f.pass_to_wake();
    auto again = f.start();
    BOOST_REQUIRE(again);
    BOOST_TEST(places_of(again) == 4u);
    f.lose(*again, errc::answer_timeout);
    f.pass(11s);
    auto half = f.start();
    BOOST_REQUIRE(half);
    BOOST_REQUIRE(!half->pinged_by);
    BOOST_TEST(places_of(half) == 2u);
}

BOOST_AUTO_TEST_CASE(an_erasing_call_is_sent_again_once) {
    fixture f;
    const auto op = operation_of("a", action::forget, 1);
    f.push(op);
    auto call = f.start();
    effects out = f.lose(*call, errc::answer_timeout);
    BOOST_REQUIRE_EQUAL(out.news.size(), 1u);
    BOOST_TEST(!out.news[0].settles()); // what the try has left behind
    BOOST_TEST(op->steps[0].history.lost == 1u);
    f.pass(1900ms);
    BOOST_TEST(!f.start()); // the last repeat waits long enough for the breaker to tell an outage
    f.pass(100ms);
    auto again = f.start();
    BOOST_REQUIRE(again);
    out = f.lose(*again, errc::answer_timeout);
    BOOST_REQUIRE_EQUAL(out.news.size(), 1u);
    BOOST_TEST((out.news[0].outcome.status == step_status::unknown));
    f.pass(1h);
    BOOST_TEST(!f.start());
}

BOOST_AUTO_TEST_CASE(a_vendor_that_says_when_it_is_back_is_asked_then) {
    fixture f;
    f.push(operation_of("a", action::forget, 1));
    auto call = f.start();
    vendors::verdict down = faulty();
    down.may_have_acted = true;
    f.answer(*call, {down}, with_status(503, {{"retry-after", "1"}}));
    f.pass(900ms);
    BOOST_TEST(!f.start());
    f.pass(100ms);
    BOOST_TEST(f.start().has_value()); // and not the 2 s of a repeat that is the last
}

BOOST_AUTO_TEST_CASE(a_call_that_never_left_may_be_repeated_as_often_as_it_takes) {
    fixture f;
    const auto op = operation_of("a", action::forget, 1);
    f.push(op);
    for (int i = 0; i < 5; ++i) {
        std::optional<started_call> call;
        while (!(call = f.start()))
            f.pass_to_wake();
        f.lose(*call, errc::connect_failed);
        BOOST_TEST(op->steps[0].history.lost == 0u);
        BOOST_TEST(op->steps[0].attempts == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_was_lost_is_replaced_at_once_and_once) {
    fixture f;
    const auto op = operation_of("a", action::lapse, 1);
    f.push(op);
    auto call = f.start();
    f.lose(*call, errc::connection_stale);
    auto again = f.start();
    BOOST_REQUIRE(again);
    BOOST_TEST(again->content.places[0].items[0].resent);
    f.lose(*again, errc::connection_stale);
    BOOST_TEST(!f.start()); // as a lost answer now
    fixture erasing;
    erasing.push(operation_of("b", action::forget, 1));
    auto forget = erasing.start();
    erasing.lose(*forget, errc::connection_stale);
    BOOST_TEST(!erasing.start());
}

BOOST_AUTO_TEST_CASE(an_undecided_answer_is_asked_again_in_halves_down_to_one) {
    fixture f;
    f.push(operation_of("a", action::revoke_enrol, 4));
    std::vector<std::size_t> sizes;
    std::size_t settled = 0;
    while (auto call = f.start()) {
        sizes.push_back(call->content.places.size());
        const effects out = f.answer(*call, undecided(), 400);
        settled += static_cast<std::size_t>(std::ranges::count_if(out.news, &settlement::settles));
    }
    BOOST_TEST((sizes == std::vector<std::size_t>{4, 2, 1, 1, 2, 1, 1}));
    BOOST_TEST(settled == 4u);
}

BOOST_AUTO_TEST_CASE(an_erasing_call_that_cannot_be_told_apart_is_repeated_once_for_each_customer_alone) {
    fixture f;
    f.push(operation_of("a", action::purge, 4));
    vendors::verdict unclear =
        verdict_of(next::isolate, step_status::unknown, outcome_code::ambiguous_answer);
    unclear.may_have_acted = true;
    std::vector<std::size_t> sizes;
    std::vector<settlement> settled;
    while (auto call = f.start()) {
        sizes.push_back(call->content.places.size());
        const effects out = f.answer(*call, unclear, 200);
        std::ranges::copy_if(out.news, std::back_inserter(settled), &settlement::settles);
    }
    BOOST_TEST((sizes == std::vector<std::size_t>{4, 1, 1, 1, 1}));
    BOOST_REQUIRE_EQUAL(settled.size(), 4u);
    for (const settlement& n : settled)
        BOOST_TEST((n.outcome.status == step_status::unknown));
}

BOOST_AUTO_TEST_CASE(an_erasing_call_that_was_refused_whole_is_halved_like_any_other) {
    fixture f;
    f.push(operation_of("a", action::purge, 4));
    std::vector<std::size_t> sizes;
    while (auto call = f.start()) {
        sizes.push_back(call->content.places.size());
        f.answer(*call, undecided(), 400); // nothing was done: no try is used up
    }
    BOOST_TEST((sizes == std::vector<std::size_t>{4, 2, 1, 1, 2, 1, 1}));
}

BOOST_AUTO_TEST_CASE(customers_who_are_not_known_by_one_identifier_are_asked_about_by_the_next_together) {
    fixture f;
    f.push(operation_of("a", action::revoke_enrol, 30));
    const vendors::verdict absent = verdict_of(next::settle, step_status::absent, outcome_code::not_found);
    std::vector<std::size_t> sizes;
    std::size_t settled = 0;
    while (auto call = f.start()) {
        sizes.push_back(call->content.places.size());
        const effects out = f.answer(*call, absent);
        settled += static_cast<std::size_t>(std::ranges::count_if(out.news, &settlement::settles));
    }
    BOOST_TEST((sizes == std::vector<std::size_t>{30, 30, 30})); // by id, by mobile, by e-mail
    BOOST_TEST(settled == 30u);
}

BOOST_AUTO_TEST_CASE(a_refusal_of_many_is_believed_once_enough_have_been_refused_alone) {
    fixture f;
    std::size_t calls = 0;
    for (int round = 0; round < 4; ++round) {
        f.push(operation_of("r" + std::to_string(round), action::revoke_enrol, 64));
        while (auto call = f.start()) {
            ++calls;
            f.answer(*call, undecided(), 400);
        }
    }
    BOOST_TEST(calls < 128u); // halving all 256 down to one customer would take 508
    BOOST_TEST(f.queue.waiting().waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(the_breaker_opens_and_lets_one_probe_through) {
    fixture f;
    open_breaker(f, action::forget);
    f.push(operation_of("z", action::forget, 5));
    f.pass(4s);
    BOOST_TEST(!f.start());
    f.pass(16s);
    std::optional<started_call> probe = f.start();
    BOOST_REQUIRE(probe);
    BOOST_REQUIRE(probe->pinged_by);
    f.answer(*probe, {}, with_status(200));
    probe = f.start();
    BOOST_REQUIRE(probe);
    BOOST_TEST(places_of(probe) == 1u);
    BOOST_TEST(!f.start()); // one probe at a time
    const effects out = f.answer(*probe, done());
    BOOST_TEST(count<breaker_changed>(out) == 1u);
    BOOST_TEST(f.start().has_value());
}

BOOST_AUTO_TEST_CASE(a_ping_that_fails_keeps_the_breaker_open) {
    fixture f;
    open_breaker(f, action::lapse);
    f.pass(20s);
    auto ping = f.start();
    BOOST_REQUIRE(ping);
    BOOST_REQUIRE(ping->pinged_by);
    BOOST_TEST(ping->content.places.empty());
    f.answer(*ping, {}, with_status(503));
    BOOST_TEST(!f.start());
    f.pass(40s);
    auto next_ping = f.start();
    BOOST_REQUIRE(next_ping);
    BOOST_TEST(next_ping->pinged_by.has_value());
    f.lose(*next_ping, errc::answer_timeout);
    BOOST_TEST(f.queue.calls_in_flight() == 0u);
    BOOST_TEST(f.queue.waiting().waiting() == 2u);
}

BOOST_AUTO_TEST_CASE(refused_credentials_hold_the_lane_until_they_change) {
    fixture f;
    const auto op = operation_of("a", action::lapse, 3);
    f.push(op);
    auto call = f.start();
    const effects out = f.answer(*call, unauthorised(), 403);
    BOOST_TEST(count<credentials_refused>(out) == 1u);
    BOOST_TEST(std::ranges::none_of(out.news, &settlement::settles));
    BOOST_TEST((op->steps[0].outcome.code == outcome_code::vendor_auth));
    BOOST_TEST(f.queue.view_of(action::lapse, f.now).refuses_credentials);
    BOOST_TEST(!f.start());
    f.pass(4min);
    BOOST_TEST(!f.start());
    f.known.credentials = 1;
    auto probe = f.start();
    BOOST_REQUIRE(probe);
    BOOST_TEST(places_of(probe) == 1u);
    BOOST_TEST(!f.start());
    f.answer(*probe, done());
    BOOST_TEST(places_of(f.start()) == 2u);
}

BOOST_AUTO_TEST_CASE(a_401_is_tried_once_more_with_another_token) {
    fixture f;
    f.push(operation_of("a", action::lapse, 2));
    auto call = f.start();
    effects out = f.answer(*call, std::vector(2, unauthorised()), with_status(401), true);
    BOOST_TEST(out.news.empty());
    auto again = f.start();
    BOOST_TEST(places_of(again) == 2u);
    out = f.answer(*again, std::vector(2, unauthorised()), with_status(401), true);
    BOOST_TEST(count<credentials_refused>(out) == 1u);
    BOOST_TEST(!f.start());
}

BOOST_AUTO_TEST_CASE(a_probe_of_credentials_is_tried_with_another_token_too) {
    fixture f;
    f.push(operation_of("a", action::lapse, 2));
    auto call = f.start();
    f.answer(*call, unauthorised(), 403);
    f.known.credentials = 1;
    auto probe = f.start();
    BOOST_REQUIRE(probe);
    f.answer(*probe, {unauthorised()}, with_status(401), true);
    auto again = f.start(); // at once, not in 5 minutes
    BOOST_REQUIRE(again);
    BOOST_TEST(again->tries_credentials);
    f.lose(*again, errc::connect_failed); // tells nothing of the credentials
    BOOST_TEST(f.queue.view_of(action::lapse, f.now).refuses_credentials);
    f.pass(1min);
    BOOST_TEST(places_of(f.start()) == 1u); // the new credentials are still to be judged
}

BOOST_AUTO_TEST_CASE(a_429_holds_all_calls_back_and_costs_no_attempt) {
    fixture f;
    const auto op = operation_of("a", action::forget, 2);
    f.push(op);
    auto call = f.start();
    const effects out =
        f.answer(*call, {verdict_of(next::later, step_status::pending, outcome_code::rate_limited)},
                 with_status(429, {{"retry-after", "7"}}));
    BOOST_TEST(count<pause_asked>(out) == 1u);
    BOOST_TEST(op->steps[0].attempts + op->steps[1].attempts == 0u);
    f.pass(6s);
    BOOST_TEST(!f.start());
    BOOST_TEST((f.queue.wake_at() <= f.now + 1s));
    f.pass(1s);
    BOOST_TEST(f.start().has_value());
}

BOOST_AUTO_TEST_CASE(one_verdict_of_many_does_not_touch_the_others) {
    fixture f;
    f.push(operation_of("a", action::lapse, 3));
    auto call = f.start();
    const effects out = f.answer(*call, {done(), faulty(), done()}, with_status(200));
    BOOST_TEST(std::ranges::count_if(out.news, &settlement::settles) == 2);
    BOOST_TEST(count<step_retried>(out) == 1u);
    BOOST_TEST(f.queue.waiting().waiting() == 1u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_operation_is_not_sent_again) {
    fixture f;
    const auto op = operation_of("a", action::lapse, 2);
    f.push(op);
    auto call = f.start();
    op->stopped = true;
    const effects out = f.lose(*call, errc::connect_failed);
    BOOST_TEST(std::ranges::count_if(out.news, &settlement::settles) == 2);
    for (const settlement& n : out.news)
        if (n.settles()) BOOST_TEST((n.outcome.status == step_status::cancelled));
    BOOST_TEST(f.queue.waiting().waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_process_keeps_what_was_cut_open) {
    fixture f;
    f.push(operation_of("a", action::forget, 1));
    auto call = f.start();
    BOOST_REQUIRE(call);
    f.queue.halt();
    const effects out = f.lose(*call, errc::answer_lost);
    BOOST_TEST(out.news.empty());
    BOOST_TEST(!f.ended_for_good);
    BOOST_TEST(f.queue.calls_in_flight() == 0u);
    fixture unsent;
    unsent.push(operation_of("b", action::forget, 1));
    auto never = unsent.start();
    unsent.lose(*never, errc::cancelled);
    BOOST_TEST(unsent.ended_for_good);
}

BOOST_AUTO_TEST_CASE(a_fault_of_ours_claims_nothing) {
    for (const bool sent : {false, true}) {
        fixture f;
        f.push(operation_of("a", action::lapse, 2));
        auto call = f.start();
        effects out;
        f.queue.ends().broken(*call, sent, f.at(), out);
        BOOST_REQUIRE_EQUAL(out.news.size(), 2u);
        BOOST_TEST((out.news[0].outcome.status == (sent ? step_status::unknown : step_status::failed)));
        BOOST_TEST((out.news[0].outcome.code == outcome_code::internal_error));
        BOOST_TEST(f.queue.calls_in_flight() == 0u);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace engine_call_end_test
