#include "journal_file.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <stdexcept>

namespace offboard::journal::sqlite {

namespace {

std::runtime_error unusable(const std::string& path, const std::string& why) {
    return std::runtime_error("journal " + path + ": " + why);
}

std::string words_at_opening(const boost::system::error_code& e, int system_error) {
    switch (e.value() & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "is in use by another process";
    case SQLITE_NOTADB: return "is not a journal of offboard, or is damaged";
    default: return "cannot be used: " + words_for(e, system_error);
    }
}

} // namespace

journal_file::journal_file(const sqlite_settings& settings, const tuning& tuned, wall_time now,
                           telemetry::log& log)
    : path_(settings.path), vfs_(tuned.vfs), keep_keys_(settings.keep_keys), ring_(settings.keys) {
    create_private(path_);
    try {
        const result<void> done = open_first(now, log);
        if (done.has_error()) throw std::runtime_error(words_at_opening(done.error(), db_.system_error()));
    } catch (const std::runtime_error& e) {
        abandon();
        throw unusable(path_, e.what());
    } catch (const std::logic_error&) {
        // The header is ours and the tables are not: no statement of ours is wrong by itself.
        abandon();
        throw unusable(path_, "is damaged: its tables are not ours");
    }
}

result<void> journal_file::open_first(wall_time now, telemetry::log& log) {
    result<database> opened = database::open(path_, vfs_);
    if (opened.has_error()) return opened.error();
    db_ = std::move(*opened);
    const result<standing> found = take(db_);
    if (found.has_error()) return found.error();
    if (*found == standing::foreign) throw std::runtime_error("is not a journal of offboard");
    if (*found == standing::newer) throw std::runtime_error("was made by a newer release");
    result<void> done = set_up(db_);
    if (done.has_error()) return done;

    done = db_.run("BEGIN IMMEDIATE");
    if (done.has_error()) return done;
    result<key_table> keys = settle_keys(db_, ring_, now);
    if (keys.has_error()) return keys.error();
    keys_ = std::move(*keys);
    result<std::unique_ptr<store>> made = store::make(db_, ring_, keys_, keep_keys_);
    if (made.has_error()) return made.error();
    store_ = std::move(*made);
    result<inheritance> inherited = take_over(db_, *store_, log, now);
    if (inherited.has_error()) return inherited.error();
    inherited_ = std::move(*inherited);
    done = store_->beat(); // a file that cannot be written is found out now
    if (done.has_error()) return done;
    done = db_.run("COMMIT");
    if (done.has_error()) return done;
    // What an earlier process had forgotten may still be in the log.
    done = db_.checkpoint(true);
    if (done.has_error()) return done;

    struct stat file {};
    if (::stat(path_.c_str(), &file) != 0) throw std::runtime_error("has gone");
    device_ = file.st_dev;
    inode_ = file.st_ino;
    return {};
}

result<void> journal_file::connect() {
    const boost::system::error_code other(SQLITE_CANTOPEN, category());
    if (!in_place()) return other;
    result<database> opened = database::open(path_, vfs_);
    if (opened.has_error()) return opened.error();
    db_ = std::move(*opened);
    const result<standing> found = take(db_);
    if (found.has_error()) return found.error();
    if (*found != standing::ours) return other;
    const result<void> done = set_up(db_);
    if (done.has_error()) return done;
    result<std::unique_ptr<store>> made = store::make(db_, ring_, keys_, keep_keys_);
    if (made.has_error()) return made.error();
    store_ = std::move(*made);
    return {};
}

result<void> journal_file::reopen() {
    abandon();
    result<void> done = connect();
    if (done.has_error()) store_.reset(); // the connection still tells system_error()
    return done;
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
    db_ = database();
}

} // namespace offboard::journal::sqlite
