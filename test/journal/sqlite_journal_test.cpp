#include "sqlite_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>

namespace journal_sqlite_journal_test {

using namespace offboard;
using namespace offboard::journal_test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(sqlite_journal_suite, sqlite_fixture)

BOOST_AUTO_TEST_CASE(an_operation_is_found_as_it_was_begun_also_after_a_restart) {
    open();
    const auto op = made("a", 3);
    BOOST_TEST(begin(op).value().id == "a");
    for (int round = 0; round < 2; ++round) {
        const auto kept = found("a");
        BOOST_REQUIRE(kept);
        BOOST_TEST(kept->caller == "shop");
        BOOST_TEST((kept->created_at == op->created_at));
        BOOST_TEST(!kept->settled_at);
        BOOST_TEST((kept->what.customers[2].identifiers == op->what.customers[2].identifiers));
        BOOST_TEST(kept->steps.size() == 6U);
        BOOST_TEST(kept->first_step == op->first_step, boost::test_tools::per_element());
        BOOST_TEST((kept->steps[5].who == op->steps[5].who));
        BOOST_TEST(run(j->find("b")).error() == make_error_code(errc::not_found));
        open();
    }
    BOOST_TEST(j->durable());
    BOOST_TEST(j->trouble().empty());
}

BOOST_AUTO_TEST_CASE(progress_is_put_on_in_order) {
    open();
    BOOST_REQUIRE(begin(made("a")).has_value());
    journal::change first = change_to(0, step_status::pending, outcome_code::vendor_error);
    first.history.lost = 1;
    first.history.in_doubt = true;
    BOOST_TEST(record(record_of("a", {first})).has_value());
    BOOST_TEST(
        record(record_of("a", {change_to(0, step_status::failed, outcome_code::refused, 2)})).has_value());
    BOOST_TEST(record(record_of("a", {}, time.today())).has_value());
    kill();
    BOOST_TEST((found("a")->settled_at == time.today()));
    BOOST_TEST(to_string(found("a")->steps[0].outcome.code) == "refused");
    BOOST_TEST(found("a")->steps[0].attempts == 2U);
    BOOST_TEST(j->left_behind().operations == 0U);

    auto again = record_of("a", {change_to(0, step_status::pending, outcome_code::refused, 2)});
    again.front().reopened_at = time.today() + 5ms;
    BOOST_TEST(record(std::move(again)).has_value());
    kill();
    BOOST_TEST(!found("a")->settled_at);
    BOOST_TEST((found("a")->retried_at == time.today() + 5ms));
    BOOST_TEST(j->left_behind().operations == 1U);
    BOOST_TEST(j->left_behind().steps == 2U);
}

BOOST_AUTO_TEST_CASE(what_was_answered_is_there_after_a_kill) {
    open();
    for (int i = 0; i < 20; ++i)
        BOOST_REQUIRE(begin(made("op-" + std::to_string(i))).has_value());
    kill();
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(found("op-" + std::to_string(i)));
}

BOOST_AUTO_TEST_CASE(many_calls_share_a_commit) {
    open();
    constexpr std::size_t many = 400;
    std::vector<std::optional<result<journal::begun>>> out(many);
    for (std::size_t i = 0; i < many; ++i)
        start(j->begin(made("op-" + std::to_string(i)), std::nullopt), out[i]);
    finish();
    BOOST_TEST(std::all_of(out.begin(), out.end(), [](const auto& r) { return r && r->has_value(); }));
    BOOST_TEST(j->counted().entries == many);
    BOOST_TEST(j->counted().commits < many);
    BOOST_TEST(j->counted().commits > 0U);
}

BOOST_AUTO_TEST_CASE(a_key_stands_for_one_request) {
    open();
    BOOST_TEST(!begin(made("a"), key_of("shop", "k", "one")).value().replayed);
    for (int round = 0; round < 2; ++round) {
        const journal::begun again = begin(made("b"), key_of("shop", "k", "one")).value();
        BOOST_TEST(again.id == "a");
        BOOST_TEST(again.replayed);
        BOOST_TEST(begin(made("c"), key_of("shop", "k", "two")).error() == make_error_code(errc::key_reused));
        BOOST_TEST(!found("b"));
        BOOST_TEST(!found("c"));
        settings.keys = {key_named("two", '2'), key_named("one")};
        kill(); // and the keys are known under the older master key
    }
    BOOST_TEST(!begin(made("d"), key_of("shopk", "", "one")).value().replayed);
    time.pass(2h);
    BOOST_TEST(!begin(made("e"), key_of("shop", "k", "two")).value().replayed);
    BOOST_TEST(begin(made("f"), key_of("shop", "k", "two")).value().id == "e");
}

BOOST_AUTO_TEST_CASE(of_two_with_one_key_at_the_same_instant_one_begins) {
    open();
    std::vector<std::optional<result<journal::begun>>> out(20);
    for (std::size_t i = 0; i < out.size(); ++i)
        start(j->begin(made("op-" + std::to_string(i)), key_of("", "k", "same")), out[i]);
    finish();
    std::size_t replayed = 0;
    for (const auto& r : out) {
        replayed += r->value().replayed ? 1U : 0U;
        BOOST_TEST(r->value().id == "op-0");
    }
    BOOST_TEST(replayed == out.size() - 1);
    BOOST_TEST(j->left_behind().operations == 0U);
    open();
    BOOST_TEST(j->left_behind().operations == 1U);
}

BOOST_AUTO_TEST_CASE(a_departure_that_never_landed_was_a_lost_try) {
    open();
    BOOST_REQUIRE(begin(made("a", 2)).has_value());
    const auto landed = run(j->depart(leaving("a", 0, time.today()))).value();
    const auto lost = run(j->depart(leaving("a", 1, time.today() + 1ms))).value();
    BOOST_TEST(landed != lost);
    const auto settled = run(j->depart(leaving("a", 3, time.today() + 2ms))).value();
    BOOST_TEST(settled != lost);
    BOOST_TEST(record(record_of("a", {change_to(0, step_status::accepted, outcome_code::queued)}), landed)
                   .has_value());
    // Its outcome is durable although its departure never landed.
    BOOST_TEST(
        record(record_of("a", {change_to(3, step_status::succeeded, outcome_code::erased)})).has_value());
    for (int round = 0; round < 2; ++round) {
        kill();
        const journal::page page = run(j->unsettled({}, 10, 100)).value();
        BOOST_REQUIRE(page.operations.size() == 1U);
        const auto& steps = page.operations.front()->steps;
        BOOST_TEST((steps[0].outcome.status == step_status::accepted));
        BOOST_TEST((steps[1].outcome.status == step_status::pending));
        BOOST_TEST(to_string(steps[1].outcome.code) == "outcome_unknown");
        BOOST_TEST(steps[1].attempts == 1U);
        BOOST_TEST(steps[1].history.lost == 1U);
        BOOST_TEST(steps[1].history.acted_before);
        BOOST_TEST(steps[1].history.in_doubt);
        BOOST_TEST(steps[2].history.lost == 0U);
        BOOST_TEST((steps[3].outcome.status == step_status::succeeded));
        BOOST_TEST(steps[3].history.lost == 0U);
        BOOST_TEST(j->departed_since(time.today()).size() == 3U);
        BOOST_TEST(j->departed_since(time.today() + 1ms).size() == 2U);
        BOOST_TEST((j->departed_since({}).front().to == vendor::billing));
    }
    BOOST_TEST(run(j->depart(leaving("a", 2, time.today()))).value() > settled);
}

BOOST_AUTO_TEST_CASE(the_unsettled_come_in_pages_oldest_first) {
    open();
    for (int i = 9; i >= 0; --i) {
        auto op = made("op-" + std::to_string(i), i == 4 ? 50U : 1U);
        op->created_at += std::chrono::milliseconds(i / 2);
        BOOST_REQUIRE(begin(op).has_value());
    }
    BOOST_TEST(record(record_of("op-3", {}, time.today())).has_value());
    open();
    BOOST_TEST(j->left_behind().operations == 9U);
    BOOST_TEST(j->left_behind().steps == 8 * 2 + 100U);
    std::string order;
    std::size_t pages = 0;
    journal::page page;
    for (page.last = false; !page.last; ++pages) {
        page = run(j->unsettled(page.next, 3, 50)).value();
        BOOST_TEST(!page.operations.empty());
        BOOST_TEST(page.operations.size() <= 3U);
        for (const auto& op : page.operations)
            order += op->id.back();
    }
    BOOST_TEST(order == "102547698");
    BOOST_TEST(pages == 4U); // the large one ends its page
    BOOST_TEST(run(j->unsettled(page.next, 3, 50)).value().last);
}

BOOST_AUTO_TEST_CASE(a_person_is_found_by_every_identifier_newest_first) {
    open();
    auto first = made("z");
    first->what.customers.push_back(first->what.customers.front()); // twice in one request
    first->steps = expand(first->what, first->first_step);
    auto second = made("a");
    second->what.customers = first->what.customers;
    second->steps = expand(second->what, second->first_step);
    BOOST_REQUIRE(begin(first).has_value());
    settings.keys.insert(settings.keys.begin(), key_named("two", '2'));
    open();
    BOOST_REQUIRE(begin(second).has_value());
    BOOST_TEST(lookup(identifier_kind::email, "z.0@example.com") == (std::vector<std::string>{"a", "z"}),
               boost::test_tools::per_element());
    BOOST_TEST(lookup(identifier_kind::billing_customer_id, "z-bill-0", 1) == (std::vector<std::string>{"a"}),
               boost::test_tools::per_element());
    BOOST_TEST(lookup(identifier_kind::email, "Z.0@Example.COM") ==
                   lookup(identifier_kind::email, "z.0@example.com"),
               boost::test_tools::per_element());
    BOOST_TEST(lookup(identifier_kind::external_id, "z.0@example.com").empty());
    BOOST_TEST(raw().find("z.0@example.com") == std::string::npos);
    BOOST_TEST(raw().find("z-bill-0") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_call_goes_on_when_nobody_waits) {
    open();
    asio::cancellation_signal stop;
    std::optional<result<journal::begun>> out;
    asio::co_spawn(
        io, j->begin(made("a"), std::nullopt),
        asio::bind_cancellation_slot(
            stop.slot(), [&](std::exception_ptr, result<journal::begun> r) { out = std::move(r); }));
    io.restart();
    io.run_one();
    stop.emit(asio::cancellation_type::terminal);
    io.run();
    BOOST_REQUIRE(out.has_value());
    BOOST_TEST((out->has_value() || out->error() == make_error_code(errc::cancelled)));
    BOOST_TEST(found("a"));
}

BOOST_AUTO_TEST_CASE(a_call_that_makes_no_sense_fails_alone) {
    open();
    std::optional<result<void>> nobody;
    std::optional<result<journal::begun>> one, twice, other;
    start(j->begin(made("a"), std::nullopt), one);
    start(j->record(record_of("nobody", {change_to(0, step_status::failed, outcome_code::refused)}),
                    std::nullopt),
          nobody);
    start(j->begin(made("a"), std::nullopt), twice);
    start(j->begin(made("b"), std::nullopt), other);
    finish();
    BOOST_TEST(one->has_value());
    BOOST_TEST(nobody->error() == make_error_code(errc::journal_unavailable));
    BOOST_TEST(twice->error() == make_error_code(errc::journal_unavailable));
    BOOST_TEST(other->has_value());
    BOOST_TEST(j->trouble().empty());
    BOOST_TEST(found("b"));
}

BOOST_AUTO_TEST_CASE(closing_writes_what_has_arrived_and_takes_nothing_more) {
    open();
    std::vector<std::optional<result<journal::begun>>> out(50);
    for (std::size_t i = 0; i < out.size(); ++i)
        start(j->begin(made("op-" + std::to_string(i)), std::nullopt), out[i]);
    j->close();
    j->close();
    finish();
    for (const auto& r : out)
        BOOST_TEST(r->has_value());
    BOOST_TEST(begin(made("late")).error() == make_error_code(errc::journal_unavailable));
    BOOST_TEST(!std::filesystem::exists(path.string() + "-wal"));
    open();
    BOOST_TEST(j->left_behind().operations == out.size());
}

BOOST_AUTO_TEST_CASE(more_begins_than_may_wait_are_refused) {
    tuned.most_waiting = 0;
    open();
    BOOST_TEST(begin(made("a")).error() == make_error_code(errc::journal_full));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_sqlite_journal_test
