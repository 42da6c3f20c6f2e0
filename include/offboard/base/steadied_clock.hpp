#pragma once

#include "offboard/base/clock.hpp"

#include <mutex>

namespace offboard {

/// Another clock whose wall time does not jump. Within a process the wall time advances with the steady
/// clock; a step of the other clock's wall time is followed only when the step has stood for `patience`. So a
/// wall clock that is wrong for some seconds ends no wait, forgets nothing and erases no person. Small
/// corrections (up to `drift` between two looks) are followed at once.
///
/// For waits, retention and what is shown. What is compared with other hosts' times (the expiry of a token)
/// is read from the other clock. Thread-safe; the other clock outlives it.
class steadied_clock final : public clock {
public:
    static constexpr auto drift = std::chrono::seconds(2);
    static constexpr auto patience = std::chrono::minutes(10);

    explicit steadied_clock(const clock& other);

    steady_time now() const override { return other_.now(); }
    wall_time today() const override;

private:
    /// The wall time as this clock has it at a moment of the steady one.
    wall_time expected(steady_time) const;

    const clock& other_;
    mutable std::mutex mutex_;
    mutable steady_time at_; ///< with `wall_`: when both were last brought together
    mutable wall_time wall_;
    mutable bool stepped_ = false; ///< the other clock's wall time has jumped, and is not followed yet
    mutable steady_time stepped_at_{};
    mutable wall_time::duration step_{}; ///< by so much
};

} // namespace offboard
