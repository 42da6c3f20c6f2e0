#include "loop.hpp"

#include "offboard/async/deadline_watch.hpp"
#include "offboard/async/offload.hpp"
#include "offboard/async/signal_event.hpp"
#include "offboard/async/sleep.hpp"
#include "offboard/async/task_group.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace async_async_test {

using namespace offboard;
using namespace offboard::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

BOOST_FIXTURE_TEST_SUITE(async_room, loop)

namespace {

constexpr auto never = async::deadline_watch::never;

asio::awaitable<void> says_when_it_is(steady_time when, bool* out) {
    const bool whole = co_await async::sleep_until(when);
    *out = whole;
}

asio::awaitable<void> throws_now() {
    throw std::runtime_error("why");
    co_return;
}

asio::awaitable<void> joins_all(loop& l) {
    async::task_group group(l.io.get_executor(), l.log);
    bool short_one = false;
    bool long_one = true;
    const steady_time past = std::chrono::steady_clock::now();
    group.spawn("short", says_when_it_is(past, &short_one));
    group.spawn("long", says_when_it_is(steady_time::max(), &long_one));
    group.spawn("fails", throws_now());
    BOOST_TEST(group.size() == 3u);
    while (group.size() > 1u)
        co_await asio::post(l.io, asio::use_awaitable);
    const bool all = co_await group.join_until(past);
    BOOST_TEST(!all);
    BOOST_TEST(group.size() == 1u);
    BOOST_TEST(short_one);
    group.cancel();
    co_await group.join();
    BOOST_TEST(!long_one);
    BOOST_TEST(group.failures() == 1u);
}

asio::awaitable<void> waits(async::signal_event* e, std::vector<int>* order, int number) {
    const bool notified = co_await e->wait_until(much_later());
    order->push_back(notified ? number : -number);
}

asio::awaitable<void> signals(loop& l) {
    async::task_group group(l.io.get_executor(), l.log);
    std::vector<int> order;
    auto event = std::make_unique<async::signal_event>();
    BOOST_TEST(!event->notify_one());
    const bool late = co_await event->wait_until(std::chrono::steady_clock::now());
    BOOST_TEST(!late);
    for (int i = 1; i <= 3; ++i)
        group.spawn("waits", waits(event.get(), &order, i));
    BOOST_TEST(event->notify_one());
    co_await asio::post(l.io, asio::use_awaitable);
    while (order.size() < 1)
        co_await asio::post(l.io, asio::use_awaitable);
    BOOST_TEST((order == std::vector<int>{1}));
    event.reset(); // wakes those who wait
    co_await group.join();
    std::sort(order.begin(), order.end());
    BOOST_TEST((order == std::vector<int>{1, 2, 3}));
    async::signal_event other;
    group.spawn("waits", waits(&other, &order, 4));
    group.cancel();
    co_await group.join();
    BOOST_TEST(order.back() == -4);
    BOOST_TEST(!other.has_waiters());
}

asio::awaitable<void> offloads(loop&) {
    async::offload_pool pool("blocking", 1);
    const auto home = std::this_thread::get_id();
    const auto away = co_await pool.run([] { return std::this_thread::get_id(); });
    BOOST_REQUIRE(away.has_value());
    BOOST_TEST((*away != home));
    BOOST_TEST((std::this_thread::get_id() == home));
    bool thrown = false;
    try {
        const auto none = co_await pool.run([]() -> int { throw std::runtime_error("why"); });
        BOOST_TEST(!none.has_value());
    } catch (const std::runtime_error&) {
        thrown = true;
    }
    BOOST_TEST(thrown);
}

/// A call that the system holds for as long as the test likes.
struct held_call {
    std::shared_ptr<std::promise<void>> begun = std::make_shared<std::promise<void>>();
    std::shared_future<void> released;
    int operator()() const {
        begun->set_value();
        released.wait();
        return 1;
    }
};

asio::awaitable<void> asks_and_gives_up(async::offload_pool* pool, held_call call, bool* given_up) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto got = co_await pool->run(std::move(call));
    *given_up = !got.has_value();
}

struct watched : async::deadline_watch::entry {
    watched(async::deadline_watch& w, std::vector<int>* o, int n, std::unique_ptr<watched> i = nullptr)
        : entry(w), order(o), number(n), inner(std::move(i)) {}
    void on_deadline() noexcept override {
        order->push_back(number);
        inner.reset();
        fired.notify_all();
    }
    std::vector<int>* order;
    int number;
    std::unique_ptr<watched> inner;
    async::signal_event fired;
};

asio::awaitable<void> watches(loop& l) {
    async::deadline_watch watch(l.io, 1ms);
    std::vector<int> order;
    const auto now = std::chrono::steady_clock::now();
    watched late(watch, &order, 2), never_due(watch, &order, 3);
    watched early(watch, &order, 1, std::make_unique<watched>(watch, &order, 4));
    late.expires_at(now + 30ms);
    never_due.expires_at(now + 10ms);
    never_due.expires_never();
    early.inner->expires_at(now + 5ms); // dies in the hand of the one that is due first, or fires before it
    early.expires_at(now + 5ms);
    co_await late.fired.wait_until(much_later());
    std::erase(order, 4);
    BOOST_TEST((order == std::vector<int>{1, 2}));
    BOOST_TEST((std::chrono::steady_clock::now() >= now + 30ms));
    late.expires_at(now); // in the past: at the next look
    co_await late.fired.wait_until(much_later());
    BOOST_TEST(order.back() == 2);
    late.expires_at(never);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_task_group_joins_cancels_and_counts_failures) {
    // One error line is expected: the failure's.
    run(joins_all(*this));
}
BOOST_AUTO_TEST_CASE(a_signal_wakes_who_waits_and_survives_everybody) {
    run(signals(*this));
}
BOOST_AUTO_TEST_CASE(blocking_calls_run_elsewhere_and_come_back) {
    run(offloads(*this));
}
BOOST_AUTO_TEST_CASE(a_call_that_hangs_holds_up_neither_the_loop_nor_the_end) {
    std::promise<void> release;
    held_call call;
    call.released = release.get_future().share();
    const auto begun = call.begun;
    bool given_up = false;
    {
        async::offload_pool pool("hanging", 1);
        async::task_group tasks(io.get_executor(), log);
        tasks.spawn("ask", asks_and_gives_up(&pool, call, &given_up));
        io.poll();
        begun->get_future().wait();
        tasks.cancel();
        run(tasks.join());
    } // the thread is left behind
    BOOST_TEST(given_up);
    BOOST_TEST(io.stopped()); // nothing is waited for
    release.set_value();
}
BOOST_AUTO_TEST_CASE(one_timer_serves_many_deadlines) {
    run(watches(*this));
    BOOST_TEST(io.stopped()); // no timer keeps the loop alive
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace async_async_test
