#include "database.hpp"

#include <sqlite3.h>

#include <stdexcept>

namespace offboard::journal::sqlite {

namespace {

class sqlite_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "sqlite"; }
    std::string message(int code) const override { return sqlite3_errstr(code); }
};

/// What the disk, or a file that is not what it was, can cause. The rest is ours.
bool is_disk_fault(int code) noexcept {
    switch (code & 0xff) {
    case SQLITE_PERM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_NOLFS:
    case SQLITE_AUTH:
    case SQLITE_NOTADB: return true;
    default: return false;
    }
}

boost::system::error_code fault(int code, const char* doing) {
    if (!is_disk_fault(code))
        throw std::logic_error(std::string("sqlite: ") + doing + ": " + sqlite3_errstr(code));
    return {code, category()};
}

} // namespace

const boost::system::error_category& category() noexcept {
    static const sqlite_category the;
    return the;
}

boost::system::error_code damage() noexcept {
    return {SQLITE_CORRUPT, category()};
}

rows::~rows() {
    if (!statement_) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_); // they point to what the caller may free now
}

result<bool> rows::next() {
    if (bound_ != SQLITE_OK) return failed(fault(bound_, "bind"));
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return failed(fault(code, sqlite3_sql(statement_)));
}

std::int64_t rows::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string_view rows::bytes(int column) const {
    const void* at = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return at ? std::string_view(static_cast<const char*>(at), static_cast<std::size_t>(size))
              : std::string_view();
}

bool rows::null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void statement::finalize::operator()(sqlite3_stmt* s) const noexcept {
    sqlite3_finalize(s);
}

int statement::bind(int at, std::int64_t value) noexcept {
    return sqlite3_bind_int64(prepared_.get(), at, value);
}

int statement::bind(int at, std::string_view text) noexcept {
    const char* begin = text.data() ? text.data() : "";
    return sqlite3_bind_text64(prepared_.get(), at, begin, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

int statement::bind(int at, blob b) noexcept {
    const char* begin = b.bytes.data() ? b.bytes.data() : "";
    return sqlite3_bind_blob64(prepared_.get(), at, begin, b.bytes.size(), SQLITE_STATIC);
}

int statement::bind(int at, std::nullptr_t) noexcept {
    return sqlite3_bind_null(prepared_.get(), at);
}

void database::closing::operator()(sqlite3* connection) const noexcept {
    sqlite3_close_v2(connection);
}

result<void> database::open(const std::string& path, const std::string& vfs) {
    // Counting its memory costs SQLite a lock an allocation. Refused, and no harm, once SQLite is in use.
    static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(uncounted);
    close();
    sqlite3* connection = nullptr;
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &connection, flags, vfs.empty() ? nullptr : vfs.c_str());
    connection_.reset(connection);
    *log_pages_ = 0;
    if (code != SQLITE_OK) return fault(code, "open");
    // Checkpoints are ours to make: after the answers of a group, and with their faults seen.
    sqlite3_wal_hook(
        connection,
        [](void* pages, sqlite3*, const char*, int count) {
            *static_cast<int*>(pages) = count;
            return SQLITE_OK;
        },
        log_pages_.get());
    return prepare({{&begin_, "BEGIN IMMEDIATE"}, {&commit_, "COMMIT"}});
}

result<statement> database::prepare(std::string_view sql) {
    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    if (code != SQLITE_OK) return fault(code, sqlite3_errmsg(handle()));
    return statement(prepared);
}

result<void> database::prepare(std::initializer_list<std::pair<statement*, std::string_view>> all) {
    for (const auto& [into, sql] : all) {
        result<statement> prepared = prepare(sql);
        if (prepared.has_error()) return prepared.error();
        *into = std::move(*prepared);
    }
    return {};
}

result<void> database::run(const char* sql) {
    const int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fault(code, sql);
    return {};
}

result<std::int64_t> database::integer(std::string_view sql) {
    result<statement> s = prepare(sql);
    if (s.has_error()) return s.error();
    rows r = s->query();
    const result<bool> row = r.next();
    if (row.has_error()) return row.error();
    return *row ? r.integer(0) : 0;
}

result<std::string> database::text(std::string_view sql) {
    result<statement> s = prepare(sql);
    if (s.has_error()) return s.error();
    rows r = s->query();
    const result<bool> row = r.next();
    if (row.has_error()) return row.error();
    return *row ? std::string(r.bytes(0)) : std::string();
}

void database::rollback() noexcept {
    if (connection_ && sqlite3_get_autocommit(handle()) == 0)
        sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

int database::system_error() const noexcept {
    return connection_ ? sqlite3_system_errno(handle()) : 0;
}

std::int64_t database::last_number() const noexcept {
    return sqlite3_last_insert_rowid(handle());
}

std::int64_t database::total_changes() const noexcept {
    return sqlite3_total_changes64(handle());
}

result<void> database::checkpoint(bool truncate) {
    const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    int pages = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(handle(), nullptr, mode, &pages, &copied);
    if (code != SQLITE_OK) return fault(code, "checkpoint");
    if (truncate || copied >= pages) *log_pages_ = 0;
    return {};
}

void database::close() noexcept {
    begin_ = statement();
    commit_ = statement();
    connection_.reset();
}

void database::abandon() noexcept {
    if (!connection_) return;
    sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    close();
}

} // namespace offboard::journal::sqlite
