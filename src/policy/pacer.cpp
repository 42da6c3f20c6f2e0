#include "offboard/policy/pacer.hpp"

#include <algorithm>
#include <cmath>

namespace offboard::policy {

namespace {

/// Times are whole nanoseconds: a call is not made to wait again for a rounding fault.
constexpr double whole = 1 - 1e-6;

constexpr double longest_s = 86'400.0 * 30;

constexpr double no_budget = 100'000;

/// Calls a second below which there is no rate.
constexpr double slowest = 1 / longest_s;

duration from_seconds(double s) {
    const double bounded = std::clamp(s, 0.0, longest_s);
    return duration(static_cast<duration::rep>(std::ceil(bounded * 1e9)));
}
static_assert(duration::period::den == 1'000'000'000 && duration::period::num == 1);

} // namespace

pacer::pacer(std::uint64_t calls, duration per)
    : budget_(calls, per),
      unlimited_(static_cast<double>(calls) / std::chrono::duration<double>(per).count() >= no_budget),
      banked_(allowance()) {}

double pacer::allowance() const noexcept {
    const std::uint64_t n = budget_.calls();
    const std::uint64_t least = std::min<std::uint64_t>(3, (n + 3) / 4);
    return static_cast<double>(std::max(n / 30, least));
}

void pacer::refresh(steady_time now) {
    if (now > at_) {
        const double earned = rate_ * std::chrono::duration<double>(now - at_).count();
        banked_ = std::min(banked_ + earned, allowance());
        at_ = now;
    }
    if (now >= stale_) replan(now);
}

void pacer::replan(steady_time now) {
    // No more than there are slots, but what has been waited towards the next one is kept.
    banked_ = std::min({banked_, allowance(), static_cast<double>(budget_.left(now)) + whole});
    rate_ = budget_.pace(banked_, now);
    stale_ = budget_.next_change(now);
}

steady_time pacer::ready_at(steady_time now) {
    if (unlimited_) return std::max(now, held_until_);
    refresh(now);
    const steady_time slot = budget_.next_start(now);
    if (slot == never || banked_ >= whole) return slot;
    // Nothing is earned while the vendor holds us back: asked again when that changes.
    if (rate_ < slowest) return std::max(slot, stale_);
    return std::max(slot, now + from_seconds((1 - banked_) / rate_));
}

void pacer::started(steady_time now) {
    if (unlimited_) return;
    refresh(now);
    budget_.started(now);
    banked_ = std::max(banked_ - 1, 0.0);
    replan(now);
}

void pacer::finished(steady_time now) {
    if (unlimited_) return;
    refresh(now);
    budget_.finished(now);
    replan(now);
}

void pacer::observe(const vendor_count& told, steady_time now) {
    if (unlimited_) return;
    refresh(now);
    budget_.observe(told, now);
    replan(now);
}

void pacer::hold(steady_time until, steady_time now) {
    held_until_ = std::max(held_until_, until);
    if (unlimited_) return;
    refresh(now);
    budget_.hold(until, now);
    replan(now);
}

void pacer::restore(std::vector<budget::spent> list, steady_time now) {
    refresh(now);
    budget_.restore(std::move(list));
    replan(now);
}

duration pacer::spacing(steady_time now) {
    refresh(now);
    return from_seconds(1 / std::max(rate_, 1e-12));
}

steady_time pacer::forecast(std::uint64_t calls, steady_time now) {
    steady_time first = ready_at(now);
    if (unlimited_) return first;
    if (first == never) first = now + budget_.window();
    const double at_once = std::max(std::floor(banked_ + 1 - whole), 1.0);
    const double behind = static_cast<double>(calls) - at_once;
    if (behind <= 0) return first;
    // Where the vendor holds us back, its rate ends with its reset; behind it ours counts.
    const double own =
        static_cast<double>(budget_.calls()) / std::chrono::duration<double>(budget_.window()).count();
    return first + from_seconds(behind / std::max(first > now ? own : rate_, own / 16));
}

} // namespace offboard::policy
