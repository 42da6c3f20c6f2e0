#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/journal/journal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offboard::journal::sqlite {

/// How values lie in columns.

inline std::int64_t milliseconds(wall_time t) noexcept {
    return t.time_since_epoch().count();
}
inline std::optional<std::int64_t> milliseconds(const std::optional<wall_time>& t) noexcept {
    return t ? std::optional<std::int64_t>(milliseconds(*t)) : std::nullopt;
}
inline wall_time from_milliseconds(std::int64_t t) noexcept {
    return wall_time(wall_time::duration(t));
}

/// Entries of one operation lie together, in order, up to first_place() of the next.
inline std::int64_t first_place(std::int64_t operation) noexcept {
    return operation * (std::int64_t(1) << 24);
}
/// What an entry is sealed with: the operation and where in it. 0 is what was asked, the others are progress.
inline std::string context_of(std::string_view id, std::int64_t entry) {
    std::string out(id);
    out += '/';
    out += std::to_string(entry);
    return out;
}

/// A number in so many bytes, the low one first; and back.
void put_number(char* to, std::uint64_t value, std::size_t bytes);
std::uint64_t get_number(std::string_view from);

/// Several entries of an operation as one, for a row: each behind its size (4 bytes).
std::string pack(const std::vector<std::string>& entries);
/// Takes the first of them off; nothing when there is none, or it is not what pack() made.
std::optional<std::string_view> unpack(std::string_view& packed);

/// Times one behind the other (8 bytes each), and one of them.
void pack_time(std::string& to, std::int64_t);
std::int64_t time_in(std::string_view packed, std::size_t at);
constexpr std::size_t packed_time = 8; ///< bytes

/// Lines of "id step".
std::string write_steps(const std::vector<std::pair<std::string, std::uint32_t>>&);
std::vector<std::pair<std::string, std::uint32_t>> read_steps(std::string_view);

} // namespace offboard::journal::sqlite
