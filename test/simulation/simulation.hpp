#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace offboard::simulation {

/// How much of a world there is. Everything else comes from the seed.
struct scale {
    std::size_t operations = 40;
    std::size_t most_customers = 12; ///< of one operation
    unsigned fault = 12;             ///< percent of calls, in bad spells
    std::size_t crashes = 3;
    bool disk_faults = true;
    bool cancels = true;
};

struct verdict {
    std::vector<std::string> faults; ///< what the program did wrong, in order; empty: nothing
    std::string story;               ///< the seed, and what happened around the first fault
    std::size_t steps = 0;
    std::size_t calls = 0;
    std::size_t handlers = 0; ///< turns of the loop's handlers
};

/// Drives the dispatcher as it is shipped through a life: callers, vendors in all weathers, a disk that
/// fails, crashes; then quiet, until everything has settled. The same seed is the same life.
verdict simulate(std::uint64_t seed, const scale&);

} // namespace offboard::simulation
