#include "connect_race.hpp"
#include "dns_cache.hpp"
#include "fixture.hpp"
#include "name_lookup.hpp"

#include <netdb.h>
#include <sys/resource.h>

/// Names, addresses, and which of them a connection is made to.
namespace http_connecting_test {

using namespace offboard;
using namespace offboard::http;
using namespace offboard::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(http_connecting, network)

namespace {

using endpoints = std::vector<tcp::endpoint>;

/// An address that neither takes nor refuses connections: its queue has room for one, which is there.
struct silent_address {
    explicit silent_address(asio::io_context& io) : acceptor(io), first(io) {
        acceptor.open(tcp::v4());
        acceptor.bind(loopback(0));
        acceptor.listen(0);
        first.connect(at());
    }
    tcp::endpoint at() const { return acceptor.local_endpoint(); }
    tcp::acceptor acceptor;
    tcp::socket first;
};

tcp::endpoint closed_address(asio::io_context& io) {
    tcp::acceptor one(io, loopback(0));
    return one.local_endpoint();
}

struct raced {
    std::optional<std::size_t> winner;
    endpoints failed;
    boost::system::error_code trouble;
};

asio::awaitable<void> race(asio::io_context* io, endpoints to, steady_time deadline, raced* out) {
    const auto one = std::make_shared<connect_race>(*io, std::move(to));
    out->winner = co_await one->run(deadline);
    out->failed = one->failed();
    out->trouble = one->trouble();
}

raced race_to(network& n, endpoints to, duration time = 30s) {
    raced out;
    n.run(race(&n.io, std::move(to), in(time), &out));
    return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_first_address_wins_where_it_answers) {
    tcp::acceptor one(io, loopback(0)), two(io, loopback(0));
    const raced r = race_to(*this, {one.local_endpoint(), two.local_endpoint()});
    BOOST_TEST((r.winner == std::optional<std::size_t>(0)));
    BOOST_TEST(r.failed.empty());
}

BOOST_AUTO_TEST_CASE(a_refusal_or_a_silence_lets_the_next_address_try) {
    tcp::acceptor good(io, loopback(0));
    const tcp::endpoint closed = closed_address(io);
    const silent_address silent(io);
    const raced after_refusal = race_to(*this, {closed, good.local_endpoint()});
    BOOST_TEST((after_refusal.winner == std::optional<std::size_t>(1)));
    BOOST_TEST((after_refusal.failed == endpoints{closed}));
    const raced after_silence = race_to(*this, {silent.at(), good.local_endpoint()});
    BOOST_TEST((after_silence.winner == std::optional<std::size_t>(1)));
    BOOST_TEST((after_silence.failed == endpoints{silent.at()}));
}

BOOST_AUTO_TEST_CASE(where_no_address_answers_the_reason_is_the_last_ones) {
    const tcp::endpoint closed = closed_address(io);
    const raced refused = race_to(*this, {closed, closed});
    BOOST_TEST(!refused.winner);
    BOOST_TEST(refused.failed.size() == 2u);
    BOOST_TEST(refused.trouble == asio::error::connection_refused);
    const silent_address silent(io);
    const raced late = race_to(*this, {silent.at()}, 20ms);
    BOOST_TEST(!late.winner);
    BOOST_TEST(!late.trouble);
}

namespace {

/// Begins a race whose deadline passes while the loop stands still and the connection comes about.
asio::awaitable<void> race_late(asio::io_context* io, tcp::endpoint to, raced* out) {
    const steady_time deadline = in(20ms);
    asio::post(*io, [deadline] {
        while (std::chrono::steady_clock::now() <= deadline)
            continue;
    });
    endpoints all(1, to);
    co_await race(io, std::move(all), deadline, out);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_connection_that_came_about_while_the_loop_stood_still_counts) {
    tcp::acceptor good(io, loopback(0));
    raced r;
    run(race_late(&io, good.local_endpoint(), &r));
    BOOST_TEST((r.winner == std::optional<std::size_t>(0)));
}

namespace {

name_lookup::outcome look_up(network& n, const std::string& host) {
    std::optional<name_lookup::outcome> got;
    name_lookup one(n.io);
    one.start(host, 80, [&](name_lookup::outcome made) { got = std::move(made); });
    n.io.restart();
    // The system's thread is no work of the loop.
    while (!got)
        n.io.run_for(1ms), n.io.restart();
    return *got;
}

/// Lets the process have no more descriptors than it has.
struct no_descriptors {
    no_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before);
        rlimit none = before;
        none.rlim_cur = 0;
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before); }
    rlimit before{};
};

asio::awaitable<void> ask(dns_cache* names, std::optional<result<endpoints>>* out) {
    auto got = co_await names->addresses(soon());
    *out = std::move(got);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_name_is_looked_up_without_blocking) {
    const auto literal = look_up(*this, "127.0.0.1");
    BOOST_TEST(literal.error == 0);
    BOOST_TEST((literal.found == endpoints{tcp::endpoint(asio::ip::address_v4::loopback(), 80)}));
    const auto impossible = look_up(*this, "no host has blanks");
    BOOST_TEST(impossible.error != 0);
    BOOST_TEST(!impossible.starved);
    BOOST_TEST(impossible.found.empty());
}

BOOST_AUTO_TEST_CASE(a_look_up_that_nobody_waits_for_any_more_tells_nobody) {
    {
        name_lookup gone(io);
        gone.start("127.0.0.1", 80, [](name_lookup::outcome) { BOOST_ERROR("told"); });
    }
    static_cast<void>(look_up(*this, "127.0.0.1"));
}

BOOST_AUTO_TEST_CASE(without_descriptors_a_name_is_not_unknown_but_we_are_poor) {
    const no_descriptors poor;
    const auto got = look_up(*this, "somewhere.invalid");
    BOOST_TEST(got.error != 0);
    BOOST_TEST(got.starved);
}

BOOST_AUTO_TEST_CASE(loopback_and_literals_are_never_looked_up_and_an_address_that_failed_comes_last) {
    const auto names = std::make_shared<dns_cache>(io, "localhost.", 80, 1min);
    std::optional<result<endpoints>> got;
    run(ask(names.get(), &got));
    BOOST_REQUIRE(got->has_value());
    BOOST_TEST((*got)->size() == 2u);
    names->failed((*got)->front());
    for (int i = 0; i != 4; ++i) {
        std::optional<result<endpoints>> again;
        run(ask(names.get(), &again));
        BOOST_TEST(((*again)->back() == (*got)->front()));
    }
    const auto literal = std::make_shared<dns_cache>(io, "::1", 443, 1min);
    BOOST_TEST(literal->literal());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_connecting_test
