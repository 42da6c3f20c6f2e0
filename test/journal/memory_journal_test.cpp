#include "offboard/journal/journal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>

namespace journal_memory_journal_test {

using namespace offboard;
namespace asio = boost::asio;

namespace {

std::shared_ptr<operation> made(const std::string& id, std::size_t steps) {
    auto op = std::make_shared<operation>();
    op->id = id;
    op->steps.resize(steps);
    return op;
}

journal::idempotency key_of(std::string caller, std::string key, std::string fingerprint) {
    journal::idempotency out;
    out.caller = std::move(caller);
    out.key = std::move(key);
    out.fingerprint = std::move(fingerprint);
    return out;
}

struct fixture {
    std::unique_ptr<journal::journal> j = journal::make_memory_journal(2, 100);

    template <class T>
    T run(asio::awaitable<T> what) {
        asio::io_context io;
        std::optional<T> out;
        asio::co_spawn(io, std::move(what), [&](std::exception_ptr e, T value) {
            BOOST_REQUIRE(!e);
            out = std::move(value);
        });
        io.run();
        return std::move(*out);
    }
    result<journal::begun> begin(const std::string& id, std::size_t steps = 1,
                                 std::optional<journal::idempotency> key = std::nullopt) {
        return run(j->begin(made(id, steps), std::move(key)));
    }
    void record(const std::string& id, std::optional<wall_time> settled_at, bool reopened = false) {
        std::vector<journal::progress_record> records(1);
        records.front().id = id;
        records.front().settled_at = settled_at;
        if (reopened) records.front().reopened_at = wall_time();
        BOOST_TEST(!run(j->record(std::move(records), std::nullopt)).has_error());
    }
    void settle(const std::string& id) { record(id, wall_time()); }
    bool knows(const std::string& id) { return run(j->find(id)).has_value(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(memory_journal_suite, fixture)

BOOST_AUTO_TEST_CASE(the_longest_settled_go_first) {
    BOOST_TEST(!begin("a").has_error());
    BOOST_TEST(!begin("b").has_error());
    settle("b");
    settle("a");
    BOOST_TEST(!begin("c").has_error());
    BOOST_TEST(knows("a"));
    BOOST_TEST(!knows("b"));
    BOOST_TEST(knows("c"));
}

BOOST_AUTO_TEST_CASE(what_is_unsettled_is_never_dropped) {
    BOOST_TEST(!begin("a").has_error());
    BOOST_TEST(!begin("b").has_error());
    BOOST_TEST(begin("c").error() == make_error_code(errc::journal_full));
    BOOST_TEST(knows("a"));
    BOOST_TEST(knows("b"));
    BOOST_TEST(!knows("c"));
}

BOOST_AUTO_TEST_CASE(what_is_reopened_is_unsettled_again) {
    BOOST_TEST(!begin("a").has_error());
    BOOST_TEST(!begin("b").has_error());
    settle("a");
    record("a", std::nullopt, true);
    BOOST_TEST(begin("c").error() == make_error_code(errc::journal_full));
    settle("a");
    settle("a");
    BOOST_TEST(!begin("c").has_error());
    BOOST_TEST(!knows("a"));
    BOOST_TEST(begin("d").error() == make_error_code(errc::journal_full));
}

BOOST_AUTO_TEST_CASE(steps_are_bounded_too) {
    BOOST_TEST(!begin("a", 90).has_error());
    BOOST_TEST(begin("b", 20).has_error());
    settle("a");
    BOOST_TEST(!begin("b", 20).has_error());
    BOOST_TEST(!knows("a"));
}

BOOST_AUTO_TEST_CASE(a_known_key_gives_the_earlier_operation) {
    BOOST_TEST(begin("a", 1, key_of("shop", "k", "one")).value().id == "a");
    const journal::begun again = begin("b", 1, key_of("shop", "k", "one")).value();
    BOOST_TEST(again.id == "a");
    BOOST_TEST(again.replayed);
    BOOST_TEST(!knows("b"));
    BOOST_TEST(begin("c", 1, key_of("shop", "k", "two")).error() == make_error_code(errc::key_reused));
    BOOST_TEST(!begin("d", 1, key_of("desk", "k", "two")).value().replayed);
}

BOOST_AUTO_TEST_CASE(a_refused_operation_takes_no_key_and_a_forgotten_one_gives_it_back) {
    BOOST_TEST(begin("a", 1, key_of("", "k", "one")).has_value());
    BOOST_TEST(begin("b").has_value());
    BOOST_TEST(begin("c", 1, key_of("", "l", "one")).has_error());
    settle("a");
    BOOST_TEST(!begin("d", 1, key_of("", "l", "two")).value().replayed);
    settle("b");
    BOOST_TEST(!begin("e", 1, key_of("", "k", "two")).value().replayed);
}

BOOST_AUTO_TEST_CASE(a_person_is_found_newest_first) {
    for (const char* id : {"z", "a"}) {
        auto op = made(id, 1);
        op->what.customers.resize(1);
        op->what.customers.front().identifiers = {{identifier_kind::email, "jo@example.com"}};
        BOOST_TEST(run(j->begin(op, std::nullopt)).has_value());
    }
    const identifier jo{identifier_kind::email, "jo@example.com"};
    BOOST_TEST(run(j->lookup(jo, 9)).value() == (std::vector<std::string>{"a", "z"}),
               boost::test_tools::per_element());
    BOOST_TEST(run(j->lookup(jo, 1)).value().size() == 1U);
    const identifier other{identifier_kind::external_id, "jo@example.com"};
    BOOST_TEST(run(j->lookup(other, 9)).value().empty());
}

BOOST_AUTO_TEST_CASE(nothing_outlives_the_process) {
    BOOST_TEST(begin("a").has_value());
    journal::departure leaving;
    leaving.steps.emplace_back("a", 0);
    const journal::flight_number first = run(j->depart(leaving)).value();
    BOOST_TEST(first != run(j->depart(leaving)).value());
    const journal::page page = run(j->unsettled({}, 10, 10)).value();
    BOOST_TEST(page.operations.empty());
    BOOST_TEST(page.last);
    BOOST_TEST(j->left_behind().operations == 0U);
    BOOST_TEST(j->departed_since({}).empty());
    BOOST_TEST(!j->durable());
    BOOST_TEST(j->trouble().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_memory_journal_test
