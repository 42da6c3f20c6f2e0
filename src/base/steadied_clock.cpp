#include "offboard/base/steadied_clock.hpp"

namespace offboard {

steadied_clock::steadied_clock(const clock& other) : other_(other), at_(other.now()), wall_(other.today()) {}

wall_time steadied_clock::expected(steady_time now) const {
    return wall_ + std::chrono::floor<wall_time::duration>(now - at_);
}

wall_time steadied_clock::today() const {
    const std::lock_guard lock(mutex_);
    const steady_time now = other_.now();
    const wall_time told = other_.today();
    const wall_time::duration off = told - expected(now);
    const auto small = [](wall_time::duration d) { return d <= drift && d >= -drift; };
    if (small(off)) {
        at_ = now;
        wall_ = told;
        stepped_ = false;
        return told;
    }
    // Another step than the one that is being waited for begins a wait of its own.
    if (!stepped_ || !small(off - step_)) {
        stepped_ = true;
        stepped_at_ = now;
        step_ = off;
    }
    if (now - stepped_at_ < patience) return expected(now);
    at_ = now;
    wall_ = told;
    stepped_ = false;
    return told;
}

} // namespace offboard
