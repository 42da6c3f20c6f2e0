#include "offboard/policy/breaker.hpp"

#include <algorithm>

namespace offboard::policy {

steady_time breaker::next_try(steady_time now) const {
    if (!open_) return now;
    if (probing_) return steady_time::max();
    return std::max(now, try_at_);
}

breaker::state breaker::at(steady_time now) const {
    if (!open_) return state::closed;
    return probing_ || now >= try_at_ ? state::half_open : state::open;
}

breaker::ticket breaker::started(steady_time now) {
    if (!open_) return age_;
    if (!may_start(now)) return 0; // no age: its verdict is ignored
    probing_ = true;
    return age_;
}

void breaker::succeeded(ticket t) {
    if (t != age_) return;
    in_a_row_ = 0;
    if (!open_) return;
    open_ = probing_ = false;
    failed_probes_ = 0;
    ++age_;
}

void breaker::failed(ticket t, steady_time now, random_source& random) {
    if (t != age_) return;
    if (open_) {
        ++failed_probes_;
        trip(now, random);
    } else if (++in_a_row_ >= std::max<std::uint32_t>(rules_.failures, 1)) {
        trip(now, random);
    }
}

void breaker::abandoned(ticket t) {
    if (t != age_ || !open_) return;
    probing_ = false;
    ++age_;
}

void breaker::trip(steady_time now, random_source& random) {
    const duration longest = failed_probes_ > 0 ? rules_.open + rules_.open / 2 : rules_.open;
    const auto spread =
        static_cast<std::uint64_t>(std::max<duration>(longest / 10, duration::zero()).count()) + 1;
    try_at_ = now + longest - duration(static_cast<duration::rep>(random.next() % spread));
    open_ = true;
    probing_ = false;
    in_a_row_ = 0;
    ++trips_;
    ++age_;
}

} // namespace offboard::policy
