#include "journal_file.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace offboard::journal::sqlite {

namespace {

/// What the system says where the configuration is wrong: waiting for the disk mends none of it.
bool is_misconfigured(int error) {
    switch (error) {
    case EACCES:
    case EPERM:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL: return true;
    default: return false;
    }
}

/// Why the file may not be used by this process whatever the disk does; empty: it may. Asked after a fault,
/// for SQLite tells a file that it may not write and a read-only disk alike.
std::string prohibition(const std::string& path) {
    struct stat file {};
    if (::stat(path.c_str(), &file) == 0 && !S_ISREG(file.st_mode)) return "is not a file";
    const auto denied = [](const char* what, int how) {
        return ::access(what, how) != 0 && (errno == EACCES || errno == EPERM);
    };
    if (denied(path.c_str(), R_OK | W_OK)) return std::string("cannot be used: ") + std::strerror(errno);
    const std::string folder = std::filesystem::path(path).parent_path();
    if (denied(folder.empty() ? "." : folder.c_str(), W_OK | X_OK))
        return std::string("its folder cannot be used: ") + std::strerror(errno);
    return {};
}

/// Throws for what is no fault of the disk.
void judge(const boost::system::error_code& e, const std::string& path) {
    switch (e.value() & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: throw unusable("is in use by another process");
    case SQLITE_NOTADB: throw unusable("is not a journal of offboard, or is damaged");
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        if (const std::string why = prohibition(path); !why.empty()) throw unusable(why);
        break;
    default: break;
    }
}

} // namespace

journal_file::journal_file(const sqlite_settings& settings, const tuning& tuned)
    : path_(settings.path), vfs_(tuned.vfs), keep_keys_(settings.keep_keys),
      ring_(std::make_unique<const keyring>(settings.keys)) {}

result<void> journal_file::open(wall_time now, bool suspicious, telemetry::log& log) {
    abandon();
    // A file that was there is not made anew: a repair of the disk may have moved it away for a while.
    if (seen_ && ::access(path_.c_str(), F_OK) != 0) {
        system_error_ = errno;
        return boost::system::error_code(SQLITE_CANTOPEN, category());
    }
    system_error_ = create_private(path_);
    seen_ = seen_ || system_error_ == 0;
    // A disk that became read-only is waited for; one on which there never was a journal is another disk than
    // was meant.
    if (is_misconfigured(system_error_) || (system_error_ == EROFS && !seen_))
        throw unusable(std::string("cannot be made: ") + std::strerror(system_error_));
    if (system_error_ != 0) return boost::system::error_code(SQLITE_CANTOPEN, category());
    result<void> done;
    try {
        done = take_file(now, suspicious, log);
    } catch (const std::runtime_error& e) {
        abandon();
        throw unusable(e.what());
    } catch (const std::logic_error&) {
        // The header is ours and the tables are not: no statement of ours is wrong by itself.
        abandon();
        return boost::system::error_code(SQLITE_CORRUPT, category());
    }
    if (done.has_value()) return done;
    // No descriptor is held meanwhile: a repair may put another file in its place.
    system_error_ = db_.system_error();
    abandon();
    judge(done.error(), path_);
    return done;
}

result<void> journal_file::take_file(wall_time now, bool suspicious, telemetry::log& log) {
    // Looked at before and after: another file may be put in its place while this one is opened.
    const boost::system::error_code other(SQLITE_CANTOPEN, category());
    struct stat file {};
    if (::stat(path_.c_str(), &file) != 0) return other;
    device_ = file.st_dev;
    inode_ = file.st_ino;
    result<void> done = db_.open(path_, vfs_);
    if (done.has_error()) return done;
    const result<standing> found = take(db_);
    if (found.has_error()) return found.error();
    if (*found == standing::foreign) throw unusable("is not a journal of offboard");
    if (*found == standing::newer) throw unusable("was made by a newer release");
    if (suspicious) done = look_through();
    if (done.has_value()) done = set_up(db_);
    if (done.has_error()) return done;

    done = db_.begin();
    if (done.has_error()) return done;
    done = fold_tail(db_);
    if (done.has_error()) return done;
    result<key_table> keys = settle_keys(db_, *ring_, now);
    if (keys.has_error()) return keys.error();
    keys_ = std::move(*keys);
    result<std::unique_ptr<store>> made = store::make(db_, *ring_, keys_, keep_keys_);
    if (made.has_error()) return made.error();
    store_ = std::move(*made);
    result<inheritance> inherited = take_over(db_, *store_, log, now);
    if (inherited.has_error()) return inherited.error();
    inherited_ = std::move(*inherited);
    done = store_->beat(); // a file that cannot be written is found out now
    if (done.has_error()) return done;
    done = db_.commit();
    if (done.has_error()) return done;
    // What an earlier process had forgotten may still be in the log.
    done = db_.checkpoint(true);
    if (done.has_error()) return done;

    if (!in_place()) return other;
    return {};
}

result<void> journal_file::connect(wall_time now) {
    const boost::system::error_code other(SQLITE_CANTOPEN, category());
    if (!in_place()) return other;
    result<void> done = db_.open(path_, vfs_);
    if (done.has_error()) return done;
    const result<standing> found = take(db_);
    if (found.has_error()) return found.error();
    if (*found != standing::ours) return other;
    done = set_up(db_);
    if (done.has_error()) return done;
    // An exchange of keys that failed may be there all the same.
    done = db_.begin();
    if (done.has_error()) return done;
    result<key_table> keys = settle_keys(db_, *ring_, now);
    if (keys.has_error()) return keys.error();
    keys_ = std::move(*keys);
    result<std::unique_ptr<store>> made = store::make(db_, *ring_, keys_, keep_keys_);
    if (made.has_error()) return made.error();
    store_ = std::move(*made);
    return db_.commit();
}

result<std::string> journal_file::use_keys(const std::vector<master_key>& keys, wall_time now) {
    auto ring = std::make_unique<const keyring>(keys);
    result<void> done = db_.begin();
    if (done.has_value()) done = store_->fold(); // which keys are needed stands in the tables
    if (done.has_error()) return done.error();
    result<key_table> settled;
    try {
        settled = settle_keys(db_, *ring, now);
    } catch (const std::runtime_error& e) {
        rollback();
        return std::string(e.what());
    }
    if (settled.has_error()) return settled.error();
    result<std::unique_ptr<store>> made = store::make(db_, *ring, *settled, keep_keys_);
    if (made.has_error()) return made.error();
    done = db_.commit();
    if (done.has_error()) return done.error();
    keys_ = std::move(*settled);
    store_ = std::move(*made);
    ring_ = std::move(ring);
    return std::string();
}

result<void> journal_file::reopen(wall_time now) {
    abandon();
    result<void> done = connect(now);
    if (done.has_error()) store_.reset(); // the connection still tells system_error()
    return done;
}

result<void> journal_file::look_through() {
    const result<std::string> verdict = db_.text("PRAGMA quick_check(1)");
    if (verdict.has_error()) return verdict.error();
    if (*verdict != "ok") return boost::system::error_code(SQLITE_CORRUPT, category());
    return {};
}

bool journal_file::in_place() const noexcept {
    struct stat file {};
    return ::stat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_;
}

void journal_file::rollback() noexcept {
    db_.rollback();
    if (store_) store_->forget();
}

void journal_file::abandon() noexcept {
    store_.reset();
    db_.abandon();
}

void journal_file::close() {
    if (!is_open()) return;
    store_.reset();
    static_cast<void>(db_.checkpoint(true)); // or the next process does it
    db_.close();
}

} // namespace offboard::journal::sqlite
