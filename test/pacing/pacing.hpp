#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/policy/budget.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// One vendor's queue as it is shipped (engine/vendor_queue), driven by simulated time against a vendor of a
/// few lines: what the pacing of calls costs customers in time. The same scenario gives the same report, to
/// the nanosecond.
namespace pacing {

using namespace std::chrono_literals;
using offboard::duration;

/// Times count from the start of the simulation.
struct scenario {
    std::string name;
    double per_second = 0; ///< single customers, each an operation of its own; Poisson
    duration length = 1h;  ///< of arrivals; what waits then is still sent
    struct {
        duration at{};
        std::uint32_t customers = 0;
        std::uint32_t operations = 1;
    } burst;
    duration singles_every{}; ///< while the burst is being sent: watched customers of other operations
    std::uint32_t lanes = 1;  ///< customers are spread over so many that share the budget
    std::uint64_t seed = 1;

    std::uint64_t calls = 300;
    duration per = 5min;
    std::size_t cap = 100;
    std::size_t most_in_flight = 4;
    duration latency = 200ms;
    duration latency_spread{}; ///< each call takes up to so much longer; the vendor counts it anywhere within
    bool tells = false;        ///< answers carry the vendor's count of its fixed windows
    std::uint64_t used_by_others = 0; ///< calls the vendor counts in each window beside ours
    duration down_from{};             ///< calls that begin in between fail
    duration down_until{};
};

struct call {
    duration started;
    duration counted; ///< by the vendor
    duration ended;
    std::size_t customers;
    bool failed;
    bool refused; ///< 429
};

struct report {
    std::vector<call> calls;
    std::uint64_t customers = 0;
    std::uint64_t settled = 0;
    duration p50{}; ///< of arrival to first sending, all customers but the burst's
    duration p99{};
    duration longest{};
    duration burst_gone{};     ///< burst to the sending of its last customer
    duration single_longest{}; ///< the watched ones' longest wait
    duration finished{};       ///< the last customer is settled
};

report run(const scenario&);

/// The most events in any half-open window of length `per`, over all of them. `times` in any order.
std::size_t most_in_window(std::vector<duration> times, duration per);
std::vector<duration> starts(const report&);
std::vector<duration> counted(const report&);

/// The acceptance table's rows.
std::vector<scenario> acceptance();

} // namespace pacing
