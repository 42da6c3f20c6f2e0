#include "offboard/policy/quotas.hpp"

#include <algorithm>

namespace offboard::policy {

quotas::quotas(std::size_t most_callers) : most_(std::max<std::size_t>(most_callers, 1)) {}

quotas::bucket& quotas::of(std::string_view caller, steady_time now) {
    if (const auto at = by_caller_.find(caller); at != by_caller_.end()) {
        buckets_.splice(buckets_.begin(), buckets_, at->second);
        return buckets_.front();
    }
    if (buckets_.size() == most_) {
        by_caller_.erase(buckets_.back().caller);
        buckets_.pop_back();
    }
    buckets_.push_front({std::string(caller), now});
    by_caller_.emplace(buckets_.front().caller, buckets_.begin());
    return buckets_.front();
}

namespace {

/// How long one request takes to be granted. Rounded up, so that what is taken in a long time is never more
/// than was granted.
duration time_of_one(std::uint32_t requests, duration per) {
    const auto size = static_cast<duration::rep>(std::max<std::uint32_t>(requests, 1));
    return (per + duration(size - 1)) / size;
}

} // namespace

quotas::allowance quotas::left(std::string_view caller, std::uint32_t requests, duration per,
                               steady_time now) const {
    allowance out;
    out.requests = requests;
    const auto at = by_caller_.find(caller);
    if (at == by_caller_.end() || at->second->full_at <= now) return out;
    out.full_in = at->second->full_at - now;
    const duration each = time_of_one(requests, per);
    const auto taken = (out.full_in + each - duration(1)) / each;
    out.requests =
        taken >= static_cast<duration::rep>(requests) ? 0 : requests - static_cast<std::uint32_t>(taken);
    return out;
}

std::optional<duration> quotas::take(std::string_view caller, std::uint32_t requests, duration per,
                                     steady_time now) {
    bucket& b = of(caller, now);
    const auto size = static_cast<duration::rep>(std::max<std::uint32_t>(requests, 1));
    const duration each = time_of_one(requests, per);
    const steady_time full_at = std::max(b.full_at, now);
    // Empty when the next one would have to be borrowed.
    const duration short_of = full_at - now - each * (size - 1);
    if (short_of > duration::zero()) return short_of;
    b.full_at = full_at + each;
    return std::nullopt;
}

} // namespace offboard::policy
