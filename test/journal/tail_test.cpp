// What was written last, before it is in the tables and after.
#include "sqlite/fresh.hpp"
#include "sqlite_fixture.hpp"

#include <boost/test/data/test_case.hpp>

#include <array>

namespace journal_tail_test {

using namespace offboard;
using namespace offboard::journal_test;
using namespace std::chrono_literals;
using journal::sqlite::fresh_flight;
using journal::sqlite::fresh_operation;
using journal::sqlite::fresh_rows;

namespace {

/// More than is written here, and nothing.
constexpr std::array<std::int64_t, 2> sizes = {512, 1};

fresh_operation fresh_named(std::string id, std::int64_t number) {
    fresh_operation op;
    op.number = number;
    op.id = std::move(id);
    op.caller = std::string("a\0b", 3);
    op.created_at = 1'700'000'000'000;
    op.steps = 300;
    op.master = 2;
    op.wrapped = std::string(60, 'w');
    op.subjects.resize(2);
    op.subjects[1].fill('s');
    op.entries = {"sealed"};
    return op;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(tail_suite, sqlite_fixture)

BOOST_AUTO_TEST_CASE(rows_come_back_from_their_text) {
    std::string text;
    fresh_rows rows;
    fresh_operation& a = rows.begin(fresh_named("a", 1), text);
    fresh_operation keyed = fresh_named("b", -7);
    keyed.settled_at = 0;
    keyed.under = fresh_operation::key_row{"hash", "print", 1};
    rows.begin(std::move(keyed), text);
    fresh_flight flight;
    flight.vendor = "billing";
    flight.at = 5;
    flight.steps = "a 0\n";
    rows.depart(~journal::flight_number(0), flight, text);
    rows.depart(3, flight, text);
    rows.append(a, "more", text);
    rows.settle(a, 17, std::nullopt, text);
    rows.settle(a, std::nullopt, 18, text);
    BOOST_TEST(rows.land(3, text));
    BOOST_TEST(!rows.land(4, text));

    fresh_rows again;
    BOOST_REQUIRE(again.replay(text));
    BOOST_REQUIRE(again.find("a"));
    const fresh_operation& kept = *again.find("a");
    BOOST_TEST(kept.caller == a.caller);
    BOOST_TEST((kept.subjects == a.subjects));
    BOOST_TEST(kept.entries == a.entries, boost::test_tools::per_element());
    BOOST_TEST(kept.wrapped == a.wrapped);
    BOOST_TEST(kept.steps == 300);
    BOOST_TEST(!kept.settled_at.has_value());
    BOOST_TEST(kept.retried_at.value() == 18);
    BOOST_REQUIRE(again.find_key("hash"));
    BOOST_TEST(again.find_key("hash")->number == -7);
    BOOST_TEST(again.find("b")->settled_at.value() == 0);
    BOOST_TEST(again.flights().at(3).landed);
    BOOST_TEST(!again.flights().at(~journal::flight_number(0)).landed);

    BOOST_TEST(!fresh_rows().replay(text + "x"));
    BOOST_TEST(!again.replay(text)); // nothing begins twice
    std::size_t whole = 0;           // a text cut where an item ends is a text
    for (std::size_t cut = 0; cut < text.size(); ++cut)
        if (fresh_rows().replay(text.substr(0, cut))) ++whole;
    BOOST_TEST(whole == 8U);
}

BOOST_DATA_TEST_CASE_F(sqlite_fixture, reading_sees_what_is_not_in_the_tables_yet, sizes, slots) {
    tuned.tail_slots = slots;
    open();
    BOOST_REQUIRE(begin(made("a"), key_of("shop", "k", "f")).has_value());
    BOOST_TEST(
        record(record_of("a", {change_to(0, step_status::accepted, outcome_code::queued)})).has_value());
    BOOST_REQUIRE(begin(made("b")).has_value());
    for (int round = 0; round < 3; ++round) {
        BOOST_TEST((found("a")->steps[0].outcome.status == step_status::accepted));
        BOOST_TEST(lookup(identifier_kind::email, "a.0@example.com").size() == 1U);
        BOOST_TEST(lookup(identifier_kind::email, "nobody@example.com").empty());
        BOOST_TEST(run(j->recall(key_of("shop", "k", "f"))).value().value() == "a");
        BOOST_TEST(run(j->recall(key_of("shop", "k", "other"))).error() == make_error_code(errc::key_reused));
        BOOST_TEST(begin(made("c"), key_of("shop", "k", "f")).value().replayed);
        const auto page = run(j->unsettled({}, 10, 100)).value();
        BOOST_REQUIRE(page.operations.size() == 2U);
        BOOST_TEST(page.operations[0]->id == "a");
        BOOST_TEST(page.operations[1]->id == "b");
        if (round == 0) kill();
        if (round == 1) open();
    }
    time.pass(2h);
    BOOST_TEST(!begin(made("d"), key_of("shop", "k", "other")).value().replayed);
    BOOST_TEST(run(j->recall(key_of("shop", "k", "other"))).value().value() == "d");
    kill();
    BOOST_TEST(run(j->recall(key_of("shop", "k", "other"))).value().value() == "d");
}

BOOST_DATA_TEST_CASE_F(sqlite_fixture, an_operation_may_be_recorded_on_either_side_of_the_fold, sizes,
                       slots) {
    tuned.tail_slots = slots;
    open();
    BOOST_REQUIRE(begin(made("large", 1000)).has_value()); // put into the tables at once
    BOOST_REQUIRE(begin(made("small")).has_value());
    for (std::uint32_t attempt = 1; attempt <= 4; ++attempt) {
        for (const char* id : {"large", "small"}) {
            const auto flight = run(j->depart(leaving(id, 0, time.today()))).value();
            journal::change c = change_to(0, step_status::pending, outcome_code::vendor_error, attempt);
            BOOST_TEST(record(record_of(id, {c}), flight).has_value());
        }
        if (attempt == 2) BOOST_TEST(run(j->sweep()).value() == 0U); // folds
        if (attempt == 3) kill();
    }
    for (const char* id : {"large", "small"}) {
        BOOST_TEST(record(record_of(id, {}, time.today())).has_value());
        BOOST_TEST(begin(made(id)).error() == make_error_code(errc::journal_unavailable)); // it is there
    }
    kill();
    for (const char* id : {"large", "small"}) {
        BOOST_TEST(found(id)->steps[0].attempts == 4U);
        BOOST_TEST(found(id)->steps[0].history.lost == 0U);
        BOOST_TEST(found(id)->settled_at.has_value());
    }
    BOOST_TEST(j->left_behind().operations == 0U);
    BOOST_TEST(j->departed_since(wall_time()).size() == 8U);
    BOOST_TEST(lookup(identifier_kind::email, "large.999@example.com").size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_person_of_many_operations_is_told_the_newest) {
    open();
    for (int i = 0; i < 30; ++i) {
        auto op = made("probe");
        op->id = "op-" + std::to_string(100 + i);
        BOOST_REQUIRE(begin(op).has_value());
        if (i == 19) BOOST_TEST(run(j->sweep()).value() == 0U); // the others stay in the tail
    }
    const auto ids = lookup(identifier_kind::email, "probe.0@example.com", 15);
    BOOST_REQUIRE(ids.size() == 15U);
    BOOST_TEST(ids.front() == "op-129");
    BOOST_TEST(ids.back() == "op-115");
}

/// Many to a row, and for as long as a budget may ask.
BOOST_AUTO_TEST_CASE(what_has_landed_is_counted_oldest_first) {
    open();
    BOOST_REQUIRE(begin(made("a")).has_value());
    constexpr std::size_t many = 1300;
    std::vector<wall_time> left;
    for (std::size_t n = 0; n < many; ++n) {
        journal::departure d = leaving("a", 0, time.today());
        d.to = n % 3 == 0 ? vendor::mention_me : vendor::billing;
        left.push_back(d.at);
        const auto flight = run(j->depart(std::move(d)));
        BOOST_REQUIRE(flight.has_value());
        if (n + 1 < many) BOOST_REQUIRE(record({}, *flight).has_value());
        time.pass(1ms);
    }
    for (int round = 0; round < 2; ++round) {
        kill();
        const auto calls = j->departed_since({});
        BOOST_REQUIRE(calls.size() == many);
        for (std::size_t n = 0; n < many; ++n) {
            BOOST_TEST((calls[n].at == left[n]));
            BOOST_TEST((calls[n].to == (n % 3 == 0 ? vendor::mention_me : vendor::billing)));
        }
        BOOST_TEST(j->departed_since(left[1000]).size() == many - 1000);
        BOOST_TEST(found("a")->steps[0].history.lost == 1U);
    }
    j.reset();
    BOOST_TEST(std::stoi(raw_sql(path, "SELECT count(*) FROM flight")) < 20); // two or so a fold
    time.pass(26h);
    open();
    BOOST_TEST(j->departed_since({}).empty());
    BOOST_REQUIRE(run(j->sweep()).has_value());
    j.reset();
    BOOST_TEST(raw_sql(path, "SELECT count(*) FROM flight") == "0");
}

BOOST_AUTO_TEST_CASE(a_rush_is_in_many_slots_and_nothing_of_it_is_lost) {
    open();
    std::vector<std::optional<result<journal::begun>>> begun(6000);
    for (std::size_t i = 0; i < begun.size(); ++i)
        start(j->begin(made("op-" + std::to_string(i)), std::nullopt), begun[i]);
    finish();
    kill();
    BOOST_TEST(j->left_behind().operations == begun.size());
    BOOST_TEST(found("op-5999"));
    settle({"next"});
    kill();
    BOOST_TEST(found("next")->settled_at.has_value());
    BOOST_TEST(lookup(identifier_kind::email, "op-17.0@example.com").size() == 1U);
}

BOOST_AUTO_TEST_CASE(of_two_under_one_key_the_later_stays_also_when_it_is_large) {
    open();
    BOOST_REQUIRE(begin(made("small"), key_of("shop", "k", "f")).has_value());
    time.pass(3h);
    BOOST_REQUIRE(begin(made("large", 1000), key_of("shop", "k", "f")).has_value());
    for (int round = 0; round < 2; ++round) {
        BOOST_TEST(run(j->recall(key_of("shop", "k", "f"))).value().value_or("none") == "large");
        BOOST_TEST(run(j->sweep()).value() == 0U); // folds
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_tail_test
