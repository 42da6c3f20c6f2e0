#pragma once

#include <cstdint>

namespace offboard {

/// The source of randomness behind a seam: ids and jitter take it as an argument. The real one (app) is
/// seeded by the operating system; tests use a fixed sequence.
class random_source {
public:
    virtual ~random_source() = default;
    virtual std::uint64_t next() = 0;
};

} // namespace offboard
