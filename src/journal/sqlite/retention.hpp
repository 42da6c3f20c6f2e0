#pragma once

#include "store.hpp"

namespace offboard::journal::sqlite {

/// What one transaction forgot.
struct swept {
    std::size_t operations = 0; ///< that lost their person
    bool more = false;          ///< there was more to do than was allowed at once
};

/// Forgets what is due: the person of operations settled longer than `retention` ago, idempotency keys that
/// have expired, departures that no budget can ask for. At most `most` operations, in a transaction of its
/// own.
result<swept> sweep(database&, store&, wall_time now, duration retention, std::size_t most);

/// Gives the room back, and empties the log: no older copy of what was forgotten stays on the disk.
result<void> compact(database&);

} // namespace offboard::journal::sqlite
