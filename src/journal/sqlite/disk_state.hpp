#pragma once

#include <cstdint>

namespace offboard::journal::sqlite {

/// What the journal's thread knows of its file. A fault makes the state worse; only a write that is on the
/// disk makes it `healthy`.
enum class disk : std::uint8_t {
    opening,         ///< the file has not been taken over yet
    opening_damaged, ///< likewise, and the whole file is to be read through before it is trusted
    healthy,         ///< calls are written
    suspended,       ///< a write failed: the next try is a write
    reopening,       ///< the next try opens the file again, and writes
    damaged,         ///< the next try opens the file again, reads it through, and writes
};

constexpr bool has_opened(disk d) noexcept {
    return d != disk::opening && d != disk::opening_damaged;
}
constexpr bool is_damaged(disk d) noexcept {
    return d == disk::damaged || d == disk::opening_damaged;
}
constexpr bool must_reopen(disk d) noexcept {
    return d == disk::reopening || d == disk::damaged;
}

/// What a fault was.
enum class fault_kind : std::uint8_t {
    full,   ///< no room, or busy: the file itself is as it was
    broken, ///< the open file cannot be trusted any more
    damage  ///< the content of the file cannot
};
constexpr disk after_fault(disk d, fault_kind f) noexcept {
    if (!has_opened(d))
        return f == fault_kind::damage || is_damaged(d) ? disk::opening_damaged : disk::opening;
    if (f == fault_kind::damage || is_damaged(d)) return disk::damaged;
    return f == fault_kind::broken || must_reopen(d) ? disk::reopening : disk::suspended;
}
/// The file is open again; a damaged one is still to be read through.
constexpr disk after_opening(disk d) noexcept {
    return d == disk::damaged ? disk::damaged : disk::suspended;
}

} // namespace offboard::journal::sqlite
