#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/journal/journal.hpp"
#include "offboard/telemetry/log.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace offboard::journal {

struct sqlite_settings {
    std::string path;
    duration retention{};         ///< after settling; then the person is forgotten here too
    duration keep_keys{};         ///< of idempotency, after they were given
    std::vector<master_key> keys; ///< at least one; the first encrypts, all decrypt
};

/// The journal in one SQLite file, which no other process may use meanwhile: write-ahead log, every commit on
/// the disk before it is told, many entries a commit, a thread of its own.
///
/// Identifiers and whatever a vendor said are encrypted under a key of the operation, which is encrypted
/// under a master key. When retention ends the key, the ciphertext and every copy of them in the file and its
/// log are destroyed; keyed hashes of the identifiers, outcomes and times stay.
///
/// Throws std::runtime_error, with words for an operator, when no disk is to blame: the file is in use by
/// another process, made by a newer release, not ours, needs a master key that is not given, or may not be
/// used; or its folder is not there. A disk that is full, read-only, failing or not answering, and a file
/// that is damaged, are told by trouble() and tried again until opened() can return; should the file turn out
/// to be one of the above by then, trouble() says so, and it is still tried again. So is what fails later.
std::unique_ptr<journal> open_sqlite_journal(boost::asio::io_context&, sqlite_settings, const clock&,
                                             telemetry::log&);

} // namespace offboard::journal
