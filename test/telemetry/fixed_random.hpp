#pragma once

#include "offboard/base/random.hpp"

#include <utility>
#include <vector>

namespace offboard::test {

/// Counts from 1, or hands out what it was given first.
struct fixed_random final : random_source {
    fixed_random() = default;
    explicit fixed_random(std::vector<std::uint64_t> first) : given(std::move(first)) {}

    std::uint64_t next() override { return at < given.size() ? given[at++] : n++; }

    std::vector<std::uint64_t> given;
    std::size_t at = 0;
    std::uint64_t n = 1;
};

} // namespace offboard::test
