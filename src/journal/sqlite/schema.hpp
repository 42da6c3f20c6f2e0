#pragma once

#include "../keyring.hpp"
#include "database.hpp"

#include "offboard/base/clock.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace offboard::journal::sqlite {

/// Words for an operator, fit for a log and for /readyz: "disk full", "read-only", "I/O error", …
std::string words_for(const boost::system::error_code&, int system_error);

/// Whether a fault may leave the connection with a wrong idea of the file, so that it must be opened again.
bool must_reopen(const boost::system::error_code&);

/// Makes an empty file that only its owner can read, unless there is one: errno of the system, 0 when it is
/// there. A file that is there is not even opened: closing it again would drop the locks that this process
/// may hold on it.
int create_private(const std::string& path);

/// What a file turned out to be.
enum class standing { ours, empty, foreign, newer };

/// Takes the file for this process alone and looks at what it is, changing nothing.
result<standing> take(database&);

/// Makes the tables or brings them to this release, and sets the connection up; after take().
result<void> set_up(database&);

/// The master keys of the file: their numbers there and their ids.
struct key_table {
    std::map<std::int64_t, std::string> ids;
    std::int64_t newest = 0; ///< that of keyring::newest()
};
/// Checks the keys given against the file, and adds the newest one to it. Throws std::runtime_error when a
/// key is another than the file was made with, or one that is needed is missing. One that is needed no more
/// is struck off.
result<key_table> settle_keys(database&, const keyring&, wall_time now);

} // namespace offboard::journal::sqlite
