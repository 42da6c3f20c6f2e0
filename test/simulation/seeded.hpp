#pragma once

#include "offboard/async/sleep.hpp"
#include "offboard/async/timer.hpp"
#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"

#include <chrono>
#include <cstdint>

/// The world of one seed: time, chance, and the story that is told when something is wrong.
namespace offboard::simulation {

/// splitmix64: one seed, one sequence.
class chance final : public random_source {
public:
    explicit chance(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() override {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }
    /// 0 to n - 1.
    std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : next() % n; }
    bool happens(unsigned percent) { return below(100) < percent; }
    std::chrono::milliseconds upto(std::chrono::milliseconds most) {
        return std::chrono::milliseconds(below(static_cast<std::uint64_t>(most.count()) + 1));
    }

private:
    std::uint64_t state_;
};

/// Both clocks by the time that the simulation has in its hand.
class simulated_clock final : public clock {
public:
    explicit simulated_clock(const async::manual_time& t) : time_(t), began_(t.now()) {}
    steady_time now() const override { return time_.now(); }
    wall_time today() const override {
        return first_day + std::chrono::floor<std::chrono::milliseconds>(time_.now() - began_);
    }

private:
    static constexpr wall_time first_day{std::chrono::milliseconds(1'800'000'000'000)};
    const async::manual_time& time_;
    const steady_time began_;
};

/// Lets simulated time pass: no thread sleeps. False when the coroutine was cancelled.
inline boost::asio::awaitable<bool> pass(duration simulated) {
    return async::sleep_for(simulated);
}

} // namespace offboard::simulation
