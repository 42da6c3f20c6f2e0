#include "offboard/policy/budget.hpp"

#include <algorithm>

namespace offboard::policy {

namespace {

constexpr std::uint64_t remembered_singly = 1024;
constexpr int coarse_runs = 512;

double seconds(duration d) {
    return std::chrono::duration<double>(d).count();
}

/// Resets are told in whole seconds. A later answer about the same window may differ by that much.
constexpr duration rounding = std::chrono::seconds(1);

} // namespace

budget::budget(std::uint64_t calls, duration per)
    : calls_(std::max<std::uint64_t>(calls, 1)), limit_(calls_), per_(std::max(per, duration(1))),
      window_(per_ + std::max<duration>(per_ / 1000, duration(1))),
      grain_(calls_ > remembered_singly ? per_ / coarse_runs : duration::zero()) {}

std::uint64_t budget::used(steady_time now) const {
    std::uint64_t slots = in_flight_ + ended_slots_;
    for (auto at = ended_.begin(); at != ended_.end() && at->last + window_ <= now; ++at)
        slots -= at->slots;
    return slots;
}

std::uint64_t budget::own_left(steady_time now) const {
    const std::uint64_t taken = used(now);
    return taken < limit_ ? limit_ - taken : 0;
}

std::uint64_t budget::left(steady_time now) const {
    if (on_hold(now)) return 0;
    const std::uint64_t own = own_left(now);
    return held_back(now) ? std::min(own, ceiling_->left) : own;
}

steady_time budget::next_start(steady_time now) const {
    steady_time at = std::max(now, hold_until_);
    if (held_back(now) && ceiling_->left == 0) at = std::max(at, ceiling_->until);
    std::uint64_t taken = in_flight_ + ended_slots_;
    for (auto r = ended_.begin(); taken >= limit_; ++r) {
        if (r == ended_.end()) return never;
        at = std::max(at, r->last + window_);
        taken -= r->slots;
    }
    return at;
}

void budget::started(steady_time now) {
    forget(now);
    ++in_flight_;
    if (ceiling_ && ceiling_->left > 0) --ceiling_->left;
}

void budget::finished(steady_time now) {
    forget(now);
    if (in_flight_ > 0) --in_flight_;
    add(now, 1);
}

void budget::add(steady_time ended, std::uint64_t slots) {
    ended_slots_ += slots;
    if (!ended_.empty()) {
        run& back = ended_.back();
        ended = std::max(ended, back.last);
        if (ended - back.first <= grain_) {
            back.last = ended;
            back.slots += slots;
            return;
        }
    }
    ended_.push_back({ended, ended, slots});
}

void budget::forget(steady_time now) {
    while (!ended_.empty() && ended_.front().last + window_ <= now) {
        ended_slots_ -= ended_.front().slots;
        ended_.pop_front();
    }
    if (ceiling_ && ceiling_->until <= now) ceiling_.reset();
}

void budget::observe(const vendor_count& told, steady_time now) {
    forget(now);
    // A limit of nought in an answer to a call is nonsense; `remaining` says what there is to say.
    if (told.limit && *told.limit > 0) limit_ = std::min(calls_, *told.limit);
    if (!told.remaining) return;
    // What is left of a window is no longer than the window; a greater number is a point in time, or wrong.
    const duration reset = std::clamp(told.reset_in.value_or(per_), duration::zero(), per_);
    const steady_time until = now + reset;
    const std::uint64_t more = *told.remaining > in_flight_ ? *told.remaining - in_flight_ : 0;
    if (held_back(now) && until + rounding < ceiling_->until) {
        // A sooner end than that of the window we know: a word of its own. It cannot empty the longer window.
        if (more == 0) hold_until_ = std::max(hold_until_, until);
    } else if (ceiling_ && until <= ceiling_->until + rounding)
        // Answers may overtake each other: about one window, the lowest word holds.
        ceiling_->left = std::min(ceiling_->left, more);
    else
        ceiling_ = ceiling{until, more};
}

void budget::hold(steady_time until, steady_time now) {
    forget(now);
    hold_until_ = std::max(hold_until_, until);
}

double budget::pace(double banked, steady_time now) const {
    // Slots against time are a staircase, and the calls to come a line that must stay under it: the lowest
    // slope to any step's foot is the steepest line. What is in flight returns a whole window from now at
    // the earliest.
    double free = static_cast<double>(own_left(now));
    double over = static_cast<double>(used(now)) - static_cast<double>(limit_);
    double best = 1e12;
    const auto step = [&](steady_time at) {
        best = std::min(best, (free + 1 - banked) / std::max(seconds(at - now), 1e-9));
    };
    for (const run& r : ended_) {
        const steady_time back = r.last + window_;
        if (back <= now) continue;
        double slots = static_cast<double>(r.slots);
        if (over > 0) { // the vendor lowered the limit: these do not come back
            const double swallowed = std::min(over, slots);
            over -= swallowed;
            slots -= swallowed;
        }
        if (slots <= 0) continue;
        step(back);
        free += slots;
    }
    step(now + window_);
    if (held_back(now)) {
        const double told = static_cast<double>(ceiling_->left);
        best = std::min(best, (told + 1 - banked) / std::max(seconds(ceiling_->until - now), 1e-9));
    }
    if (on_hold(now)) best = std::min(best, (1 - banked) / std::max(seconds(hold_until_ - now), 1e-9));
    return std::max(best, 0.0);
}

steady_time budget::next_change(steady_time now) const {
    steady_time at = held_back(now) ? ceiling_->until : never;
    if (on_hold(now)) at = std::min(at, hold_until_);
    for (const run& r : ended_) {
        if (r.last + window_ <= now) continue;
        return std::min(at, r.last + window_);
    }
    return at;
}

std::vector<budget::spent> budget::held(steady_time now) const {
    std::vector<spent> out;
    for (const run& r : ended_)
        if (r.last + window_ > now) out.push_back({r.last, r.slots});
    if (in_flight_ > 0) out.push_back({now, in_flight_});
    return out;
}

void budget::restore(std::vector<spent> list) {
    for (const run& r : ended_)
        list.push_back({r.last, r.slots});
    ended_.clear();
    ended_slots_ = 0;
    std::ranges::sort(list, {}, &spent::ended);
    for (const spent& s : list)
        add(s.ended, s.slots);
}

} // namespace offboard::policy
