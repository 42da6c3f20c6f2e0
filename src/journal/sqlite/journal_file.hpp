#pragma once

#include "recovery.hpp"
#include "store.hpp"
#include "tuning.hpp"

#include <sys/types.h>

#include <memory>

namespace offboard::journal::sqlite {

/// The file and the connection to it, which comes and goes with the trouble of the disk. One thread at a
/// time.
class journal_file {
public:
    /// Throws std::runtime_error with words for an operator.
    journal_file(const sqlite_settings&, const tuning&, wall_time now, telemetry::log&);

    bool is_open() const noexcept { return store_ != nullptr; }
    database& db() noexcept { return db_; }
    store& entries() noexcept { return *store_; }
    const inheritance& inherited() const noexcept { return inherited_; }

    /// False when the path names another file by now, or none.
    bool in_place() const noexcept;
    /// Takes back the transaction, if there is one.
    void rollback() noexcept;
    /// The same file again, after abandon(). An error of category() when it cannot be, or is another.
    result<void> reopen();
    /// Lets go without touching the disk.
    void abandon() noexcept;
    /// Copies the log into the file and lets go.
    void close();

private:
    result<void> open_first(wall_time now, telemetry::log&);
    result<void> connect();

    const std::string path_;
    const std::string vfs_;
    const duration keep_keys_;
    const keyring ring_;
    key_table keys_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    database db_;
    std::unique_ptr<store> store_; ///< dies before its database
    inheritance inherited_;
};

} // namespace offboard::journal::sqlite
