// simulate FIRST COUNT [OPERATIONS [CUSTOMERS]]: so many lives of the gateway, one a seed. Prints the story
// of each that breaks a promise, and a line of figures. Exit status 1 when one did.
#include "simulation.hpp"

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
    using namespace offboard::simulation;
    if (argc < 3) {
        std::cerr << "usage: simulate FIRST COUNT [OPERATIONS [CUSTOMERS]]\n";
        return 2;
    }
    const auto number = [&](int i, std::size_t otherwise) {
        return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
    };
    scale size;
    size.operations = number(3, size.operations);
    size.most_customers = number(4, size.most_customers);
    std::size_t bad = 0, steps = 0, calls = 0, handlers = 0;
    const std::uint64_t first = number(1, 0);
    const std::uint64_t count = number(2, 0);
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const verdict v = simulate(seed, size);
        steps += v.steps;
        calls += v.calls;
        handlers += v.handlers;
        if (v.faults.empty()) continue;
        ++bad;
        std::cout << v.story << '\n';
    }
    std::cout << count << " lives, " << steps << " steps, " << calls << " calls, " << handlers
              << " handlers, " << bad << " with a fault\n";
    return bad == 0 ? 0 : 1;
}
