#include "offboard/policy/retry_budget.hpp"

#include <algorithm>
#include <cmath>

namespace offboard::policy {

void retry_budget::grant(double tokens) {
    granted_ = std::min(granted_ + tokens, static_cast<double>(charged_) + rules_.most);
}

void retry_budget::refill(steady_time now) {
    if (now <= at_) return;
    grant(rules_.per_second * std::chrono::duration<double>(now - at_).count());
    at_ = now;
}

retry_budget::ticket retry_budget::charge(steady_time now) {
    refill(now);
    return ++charged_;
}

steady_time retry_budget::ready_at(ticket t, steady_time now) {
    refill(now);
    const double missing = static_cast<double>(t) - granted_;
    if (missing <= 1e-6) return now;
    const double seconds = std::min(missing / std::max(rules_.per_second, 1e-6), 1e7);
    return now + duration(static_cast<duration::rep>(std::ceil(seconds * 1e9)));
}

void retry_budget::succeeded(steady_time now) {
    refill(now);
    grant(rules_.per_success);
}

double retry_budget::left(steady_time now) {
    refill(now);
    return granted_ - static_cast<double>(charged_);
}

} // namespace offboard::policy
