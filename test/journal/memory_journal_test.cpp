#include "offboard/journal/journal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>

using namespace offboard;
namespace asio = boost::asio;

namespace {

std::shared_ptr<operation> made(const std::string& id, std::size_t steps) {
    auto op = std::make_shared<operation>();
    op->id = id;
    op->steps.resize(steps);
    return op;
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
    result<void> begin(const std::string& id, std::size_t steps = 1) {
        return run(j->begin(made(id, steps)));
    }
    void settle(const std::string& id) {
        std::vector<journal::progress_record> records(1);
        records.front().id = id;
        records.front().settled_at = wall_time();
        BOOST_TEST(!run(j->record(std::move(records))).has_error());
    }
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

BOOST_AUTO_TEST_CASE(steps_are_bounded_too) {
    BOOST_TEST(!begin("a", 90).has_error());
    BOOST_TEST(begin("b", 20).has_error());
    settle("a");
    BOOST_TEST(!begin("b", 20).has_error());
    BOOST_TEST(!knows("a"));
}

BOOST_AUTO_TEST_SUITE_END()
