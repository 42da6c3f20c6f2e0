#include "pacing.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

using pacing::report;
using pacing::scenario;

namespace {

double seconds(offboard::duration d) {
    return std::chrono::duration<double>(d).count();
}

void print(const scenario& s) {
    const report r = pacing::run(s);
    std::printf("%-34s %8zu %8zu %10zu %8.2f %8.2f %8.2f", s.name.c_str(),
                static_cast<std::size_t>(r.customers), r.calls.size(),
                pacing::most_in_window(pacing::starts(r), s.per), seconds(r.p50), seconds(r.p99),
                seconds(r.longest));
    if (s.burst.customers > 0)
        std::printf("   burst gone %.1f s, single %.2f s", seconds(r.burst_gone), seconds(r.single_longest));
    std::printf("\n");
}

void print_outage() {
    scenario s;
    s.per_second = 10;
    s.length = std::chrono::minutes(20);
    s.down_from = std::chrono::minutes(5);
    s.down_until = std::chrono::minutes(10);
    const report r = pacing::run(s);
    std::map<long, int> in_second;
    offboard::duration first = offboard::duration::max();
    std::size_t during = 0;
    for (const pacing::call& c : r.calls) {
        if (c.failed) ++during;
        if (c.started < s.down_until) continue;
        if (!c.failed) first = std::min(first, c.started);
        ++in_second[static_cast<long>(seconds(c.started))];
    }
    int most = 0;
    for (const auto& [at, calls] : in_second)
        most = std::max(most, calls);
    std::printf(
        "\nvendor down for 5 min at 10/s: %zu calls while down, used again %.1f s after it is back, at most "
        "%d calls in a second from then on, %zu of %zu settled\n",
        during, seconds(first - s.down_until), most, static_cast<std::size_t>(r.settled),
        static_cast<std::size_t>(r.customers));
}

} // namespace

/// Prints what the queue does with Mention Me's limits: 300 calls in 5 minutes, 100 customers in each, 4 in
/// flight, 200 ms each; one simulated hour of Poisson arrivals a row.
int main() {
    std::printf("%-34s %8s %8s %10s %8s %8s %8s\n", "offered customers/s", "arrived", "calls", "most/5min",
                "p50 s", "p99 s", "max s");
    for (const scenario& s : pacing::acceptance())
        print(s);
    scenario told = pacing::acceptance()[2];
    told.name = "10, vendor's count told";
    told.tells = true;
    print(told);
    told.name = "10, told, others use 150";
    told.used_by_others = 150;
    print(told);
    print_outage();
}
