#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/random.hpp"

#include <array>

namespace offboard::app {

/// The operating system's clocks.
class system_clock final : public clock {
public:
    steady_time now() const override { return std::chrono::steady_clock::now(); }
    wall_time today() const override {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
};

/// OpenSSL's generator, seeded by the operating system; fetched a buffer at a time.
class system_random final : public random_source {
public:
    std::uint64_t next() override;

private:
    std::array<std::uint64_t, 64> buffer_{};
    std::size_t left_ = 0;
};

} // namespace offboard::app
