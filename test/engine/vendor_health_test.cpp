#include "queue_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace engine_vendor_health_test {

using namespace engine_fixture;

namespace {

struct patient {
    explicit patient(std::uint64_t calls = 100, duration per = 10s)
        : health(fixture::limits_of(calls, per, 4).health) {}
    moment at() { return {now, today, random}; }
    std::optional<duration> limit(unsigned status, std::vector<header_field> headers, bool succeeded) {
        told.clear();
        return health.apply_rate_limit(with_status(status, std::move(headers)), succeeded, 0, at(), told);
    }
    constant random;
    steady_time now{100h};
    wall_time today{std::chrono::hours(500'000)};
    vendor_health health;
    events told;
};

} // namespace

BOOST_AUTO_TEST_SUITE(vendor_health_suite)

BOOST_AUTO_TEST_CASE(a_breaker_is_of_one_action_and_its_change_is_told_once) {
    patient p;
    for (int i = 0; i < 2; ++i) {
        const auto ticket = p.health.of(action::lapse).breaker.started(p.now);
        p.health.judge(action::lapse, ticket, true, {}, p.at(), p.told);
    }
    BOOST_TEST(p.told.size() == 1u);
    BOOST_TEST(!p.health.of(action::lapse).works(p.now));
    BOOST_TEST(p.health.of(action::forget).works(p.now));
    BOOST_TEST(!p.health.of(action::lapse).evidence.of_one());
    p.now += 20s;
    p.health.of(action::lapse).pinged = true;
    const auto probe = p.health.of(action::lapse).breaker.started(p.now);
    p.health.judge(action::lapse, probe, false, "someone", p.at(), p.told);
    BOOST_TEST(p.told.size() == 2u);
    BOOST_TEST(p.health.of(action::lapse).works(p.now));
    BOOST_TEST(!p.health.of(action::lapse).pinged);
}

BOOST_AUTO_TEST_CASE(an_answer_speaks_of_credentials_only_where_the_vendor_has_looked_at_them) {
    const struct {
        unsigned status;
        bool refused;
        bool held_after;
    } rows[] = {{200, false, false}, {404, false, false}, {403, true, true},
                {500, false, true},  {429, false, true},  {461, false, true}};
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.status) {
            patient p;
            p.health.of(action::lapse).hold.refused(0, p.now);
            p.health.judge_credentials(action::lapse, row.status, row.refused, 0, p.now);
            BOOST_TEST(p.health.of(action::lapse).hold.held() == row.held_after);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_pause_is_what_the_vendor_says_within_bounds) {
    const struct {
        const char* name;
        unsigned status;
        std::vector<header_field> headers;
        bool succeeded;
        std::optional<duration> pause;
    } rows[] = {
        {"none", 200, {}, true, std::nullopt},
        {"429 with seconds", 429, {{"retry-after", "5"}}, false, 5s},
        {"429 beyond the longest", 429, {{"retry-after", "36000"}}, false, 1h},
        {"429 without: the base at least", 429, {}, false, 100ms},
        {"503 with seconds", 503, {{"retry-after", "5"}}, false, 5s},
        {"success with a date for the next look", 200, {{"retry-after", "5"}}, true, std::nullopt},
        {"not a number", 503, {{"retry-after", "soon"}}, false, std::nullopt},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.name) {
            patient p;
            const auto pause = p.limit(row.status, row.headers, row.succeeded);
            BOOST_TEST((pause == row.pause));
            BOOST_TEST(p.told.size() == (row.pause ? 1u : 0u));
            const steady_time ready = p.health.pacer().ready_at(p.now);
            BOOST_TEST((ready >= p.now + row.pause.value_or(0s)));
        }
    }
}

BOOST_AUTO_TEST_CASE(answers_429_in_a_row_wait_longer_each_time) {
    patient p;
    duration last = 0s;
    for (int i = 0; i < 4; ++i) {
        const auto pause = p.limit(429, {}, false);
        BOOST_REQUIRE(pause);
        BOOST_TEST((*pause >= last));
        last = *pause;
    }
    BOOST_TEST((last > 100ms));
    p.limit(200, {}, true);
    BOOST_TEST((p.limit(429, {}, false) == 100ms));
}

BOOST_AUTO_TEST_CASE(the_vendors_lower_count_is_followed_and_told_once_a_window) {
    patient p;
    const std::vector<header_field> lower = {
        {"x-ratelimit-limit", "100"}, {"x-ratelimit-remaining", "3"}, {"x-ratelimit-reset", "10"}};
    p.limit(200, lower, true);
    BOOST_TEST(p.told.size() == 1u);
    BOOST_TEST(std::get<budget_lowered>(p.told[0]).left == 3u);
    BOOST_TEST(p.health.pacer().slots().left(p.now) <= 3u);
    p.limit(200, lower, true);
    BOOST_TEST(p.told.empty());
    p.now += 11s;
    p.limit(200, {{"x-ratelimit-remaining", "99999"}}, true); // a higher one is not believed
    BOOST_TEST(p.told.empty());
    BOOST_TEST(p.health.pacer().slots().left(p.now) <= 100u);
}

BOOST_AUTO_TEST_CASE(a_retry_waits_for_its_backoff_what_was_asked_and_the_retry_budget) {
    patient p;
    for (const auto& [faults, longest_wait] :
         {std::pair<std::uint32_t, duration>{0, 100ms}, {3, 800ms}, {30, 10s}}) {
        const steady_time due = p.health.retry_at(action::lapse, faults, std::nullopt, p.at());
        BOOST_TEST((due > p.now));
        BOOST_TEST((due <= p.now + longest_wait));
    }
    BOOST_TEST((p.health.retry_at(action::lapse, 0, 4s, p.at()) == p.now + 4s));
    steady_time last{};
    for (int i = 0; i < 30; ++i)
        last = p.health.retry_at(action::lapse, 0, std::nullopt, p.at());
    BOOST_TEST((last > p.now + 10s)); // the budget of retries is spent
}

BOOST_AUTO_TEST_CASE(behind_an_open_breaker_the_wait_is_the_breakers) {
    patient p;
    for (int i = 0; i < 2; ++i) {
        const auto ticket = p.health.of(action::lapse).breaker.started(p.now);
        p.health.judge(action::lapse, ticket, true, "one", p.at(), p.told);
    }
    const steady_time probe = p.health.of(action::lapse).breaker.next_try(p.now);
    BOOST_TEST((p.health.retry_at(action::lapse, 30, std::nullopt, p.at()) <= probe));
    BOOST_TEST(p.health.of(action::lapse).evidence.of_one());
}

BOOST_AUTO_TEST_CASE(the_latency_follows_the_calls) {
    patient p;
    for (int i = 0; i < 100; ++i)
        p.health.took(80ms);
    BOOST_TEST((p.health.latency() >= 79ms));
    BOOST_TEST((p.health.latency() <= 82ms));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace engine_vendor_health_test
