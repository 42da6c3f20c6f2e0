#include "offboard/policy/backoff.hpp"

#include <algorithm>

namespace offboard::policy {

duration backoff::wait(std::uint32_t tries, random_source& random) const {
    // 2^20 times any sensible base is beyond any sensible cap; stopping there keeps the shift defined.
    const auto shift = std::min<std::uint32_t>(tries, 20);
    const auto longest = base > cap / (duration::rep{1} << shift) ? cap : base * (duration::rep{1} << shift);
    if (longest <= duration::zero()) return duration::zero();
    const auto draw = random.next() % static_cast<std::uint64_t>(longest.count());
    return duration(static_cast<duration::rep>(draw) + 1);
}

} // namespace offboard::policy
