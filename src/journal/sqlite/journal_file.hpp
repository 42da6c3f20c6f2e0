#pragma once

#include "recovery.hpp"
#include "store.hpp"
#include "tuning.hpp"

#include <sys/types.h>

#include <memory>
#include <stdexcept>

namespace offboard::journal::sqlite {

/// The file cannot be used, and no disk is to blame: words for an operator.
class unusable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The file and the connection to it, which comes and goes with the trouble of the disk. One thread at a
/// time.
class journal_file {
public:
    journal_file(const sqlite_settings&, const tuning&);

    /// Makes the file or takes it over from an earlier process. Throws unusable. An error of category() is a
    /// fault of the disk, or of the file: it may be tried again. `suspicious`: the whole file is looked at
    /// before it is trusted.
    result<void> open(wall_time now, bool suspicious, telemetry::log&);

    bool is_open() const noexcept { return store_ != nullptr; }
    database& db() noexcept { return db_; }
    store& entries() noexcept { return *store_; }
    const inheritance& inherited() const noexcept { return inherited_; } ///< after open()
    const std::string& path() const noexcept { return path_; }

    /// Reads the whole file: an error when it is damaged, or cannot be read.
    result<void> look_through();
    /// What the last failed call was about: errno of the system, 0 for none.
    int system_error() const noexcept { return db_.is_open() ? db_.system_error() : system_error_; }

    /// Other master keys in place of those in use: empty, or why not, in words. An error is a fault of the
    /// disk. The store is another one afterwards; unless they are in use nothing has changed.
    result<std::string> use_keys(const std::vector<master_key>&, wall_time now);

    /// False when the path names another file by now, or none.
    bool in_place() const noexcept;
    /// Takes back the transaction, if there is one.
    void rollback() noexcept;
    /// The same file again, after open() and trouble. An error of category() when it cannot be, or is
    /// another.
    result<void> reopen(wall_time now);
    /// Lets go without touching the disk.
    void abandon() noexcept;
    /// Copies the log into the file and lets go.
    void close();

private:
    result<void> take_file(wall_time now, bool suspicious, telemetry::log&);
    result<void> connect(wall_time now);

    const std::string path_;
    const std::string vfs_;
    const duration keep_keys_;
    std::unique_ptr<const keyring> ring_;
    key_table keys_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    bool seen_ = false;    ///< the file has been there since this was made
    int system_error_ = 0; ///< of an open() that failed
    database db_;
    std::unique_ptr<store> store_; ///< dies before its database
    inheritance inherited_;
};

} // namespace offboard::journal::sqlite
