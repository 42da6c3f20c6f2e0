#include "offboard/engine/token_state.hpp"

#include <boost/test/unit_test.hpp>

BOOST_TEST_DONT_PRINT_LOG_VALUE(offboard::errc)
BOOST_TEST_DONT_PRINT_LOG_VALUE(offboard::engine::token_state::next)

namespace engine_token_state_test {

using namespace offboard;
using namespace offboard::engine;
using namespace std::chrono_literals;
using next = token_state::next;

namespace {

struct held_token {
    token_state state{{100ms, 3s, 1s}};
    steady_time now{std::chrono::hours(1)};

    next look(duration time = 10s) { return state.look(now, now + time).what; }
    void ask_and_get(std::chrono::seconds lifetime = 1000s) {
        state.begin(now);
        state.given(secret("token"), lifetime, now);
        state.ended();
    }
    void ask_and_fail(errc why = errc::token_unavailable) {
        state.begin(now);
        state.failed(why, now);
        state.ended();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(engine_token_state, held_token)

BOOST_AUTO_TEST_CASE(the_first_call_asks_and_the_others_wait) {
    BOOST_TEST((look() == next::ask));
    state.begin(now);
    BOOST_TEST((look() == next::wait));
    const auto before = state.ended_requests();
    state.given(secret("token"), 1000s, now);
    BOOST_TEST((look() == next::use));
    state.ended();
    BOOST_TEST(state.ended_requests() == before + 1);
    BOOST_TEST(state.held()->reveal() == "token");
}

BOOST_AUTO_TEST_CASE(a_token_is_renewed_a_tenth_of_its_life_early_but_at_most_a_minute) {
    for (const auto& [lifetime, early] : {std::pair(100s, 10s), std::pair(3600s, 60s)}) {
        held_token t;
        t.ask_and_get(lifetime);
        t.now += lifetime - early - 1ms;
        BOOST_TEST((t.look() == next::use));
        t.now += 1ms;
        BOOST_TEST((t.look() == next::ask));
    }
}

BOOST_AUTO_TEST_CASE(after_a_failure_the_pause_grows_up_to_the_probe_of_a_breaker) {
    for (const duration pause : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
        ask_and_fail(errc::token_refused);
        const auto refused = state.look(now, now + 10s);
        BOOST_TEST((refused.what == next::refuse));
        BOOST_TEST((refused.why == errc::token_refused));
        now += pause - 1ms;
        BOOST_TEST((look() == next::refuse));
        now += 1ms;
        BOOST_TEST((look() == next::ask));
    }
    ask_and_get();
    now += 1000s;
    ask_and_fail(); // a success begins the pauses anew
    now += 100ms;
    BOOST_TEST((look() == next::ask));
}

BOOST_AUTO_TEST_CASE(other_credentials_are_asked_for_at_once_and_the_old_token_covers_for_them) {
    ask_and_get();
    state.replaced();
    BOOST_TEST((look() == next::ask));
    ask_and_fail();
    BOOST_TEST((look() == next::use)); // the old one is still good
    now += 100ms;
    BOOST_TEST((look() == next::ask)); // and the new credentials are tried again
    ask_and_fail(errc::token_refused);
    const token_state::token old = state.held();
    state.judged(old, true, now); // the vendor takes the old one no more
    BOOST_TEST(!state.held());
    BOOST_TEST((look(1s) != next::use));
}

BOOST_AUTO_TEST_CASE(a_token_refused_just_after_it_was_made_is_not_asked_for_within_the_same_moment) {
    ask_and_get();
    state.judged(state.held(), true, now);
    const auto later = state.look(now, now + 10s);
    BOOST_TEST((later.what == next::sleep));
    BOOST_TEST((later.until == now + 100ms));
    now = later.until;
    BOOST_TEST((look() == next::ask));
    // An old one that is refused has had its time: the next is asked for at once.
    ask_and_get();
    now += 2min;
    state.judged(state.held(), true, now);
    BOOST_TEST((look() == next::ask));
}

BOOST_AUTO_TEST_CASE(three_useless_tokens_in_a_row_are_refused_credentials) {
    for (int i = 0; i < 3; ++i) {
        ask_and_get();
        state.judged(state.held(), true, now);
        now += i < 2 ? 100ms : 0ms;
    }
    now += 99ms;
    const auto refused = state.look(now, now + 50us);
    BOOST_TEST((refused.what == next::refuse));
    BOOST_TEST((refused.why == errc::token_refused));
    BOOST_TEST(!state.reason().empty());
    // A token that is taken ends the row.
    now += 10s;
    ask_and_get();
    state.judged(state.held(), false, now);
    state.judged(state.held(), true, now);
    now += 100ms;
    BOOST_TEST((look() == next::ask));
}

BOOST_AUTO_TEST_CASE(what_became_of_an_earlier_token_says_nothing_of_this_one) {
    ask_and_get();
    const token_state::token earlier = state.held();
    now += 1000s;
    ask_and_get();
    state.judged(earlier, true, now);
    BOOST_TEST((look() == next::use));
}

BOOST_AUTO_TEST_CASE(a_token_endpoint_that_asks_for_peace_is_left_in_peace) {
    state.told(now + 30s);
    BOOST_TEST((look() == next::refuse));
    BOOST_TEST((state.look(now, now + 10s).why == errc::token_unavailable));
    now += 30s;
    BOOST_TEST((look() == next::ask));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace engine_token_state_test
