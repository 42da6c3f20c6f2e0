#pragma once

#include "../vendors/justified.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

/// What the four targets share. The first byte of an input picks the call (low half) and the HTTP status
/// (high half; '0' to '?' are 200), the rest is the body.
namespace fuzz {

inline offboard::vendors::place place_of(offboard::identifier_kind kind, std::string value,
                                         std::vector<std::int64_t> earn_ids = {},
                                         std::string programme = {}) {
    offboard::vendors::place p;
    p.who = {kind, std::move(value)};
    p.source = "INSTORE";
    p.earn_ids = std::move(earn_ids);
    p.partner_program = std::move(programme);
    return p;
}

inline offboard::vendors::batch batch_of(offboard::action what,
                                         std::vector<offboard::vendors::place> places) {
    offboard::vendors::batch b;
    b.what = what;
    b.promo.program_id = 2714;
    b.promo.promotion_id = "202779";
    b.places = std::move(places);
    return b;
}

/// Decodes, and aborts when the verdicts cannot be right.
inline int check(const std::vector<offboard::vendors::batch>& calls, const std::uint8_t* data,
                 std::size_t size) {
    constexpr std::array<unsigned, 16> statuses = {200, 202, 201, 200, 400, 401, 403, 404,
                                                   422, 429, 500, 503, 302, 207, 0,   999};
    if (size == 0) return 0;
    const auto& call = calls[(data[0] & 15U) % calls.size()];
    offboard::incoming_response answer;
    answer.status = statuses[data[0] >> 4U];
    answer.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto verdicts = offboard::vendors::decode(call, answer, {});
    const std::string_view wrong = vendors_test::complaint(call, answer, verdicts);
    if (wrong.empty()) return 0;
    std::fprintf(stderr, "%.*s\n", static_cast<int>(wrong.size()), wrong.data());
    std::abort();
}

} // namespace fuzz
