#pragma once

#include "offboard/base/error.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace offboard::journal::sqlite {

/// Extended result codes of SQLite (sqlite.org/rescode.html): what the disk did to us. A statement that is
/// wrong by itself throws std::logic_error instead, which never repeats a parameter.
const boost::system::error_category& category() noexcept;

/// What was read is not what was written.
boost::system::error_code damage() noexcept;

/// For a result<bool>, into which an error is not converted by itself.
inline result<bool> failed(const boost::system::error_code& e) {
    return {boost::system::in_place_error, e};
}

/// A parameter that is stored as bytes, not text. Like text it must outlive the call it is given to.
struct blob {
    std::string_view bytes;
};

class statement;

/// The rows of one query; the statement is free again when this dies. Views end at the next next().
class rows {
public:
    explicit rows(sqlite3_stmt* s, int bound) noexcept : statement_(s), bound_(bound) {}
    rows(rows&& other) noexcept : statement_(other.statement_), bound_(other.bound_) {
        other.statement_ = nullptr;
    }
    rows& operator=(rows&&) = delete;
    ~rows();

    /// False behind the last row.
    result<bool> next();

    std::int64_t integer(int column) const;
    std::string_view bytes(int column) const;
    bool null(int column) const;

private:
    friend class statement;
    sqlite3_stmt* statement_;
    int bound_; ///< what binding answered
};

/// One prepared statement. Belongs to its database and dies before it.
class statement {
public:
    statement() = default;
    explicit statement(sqlite3_stmt* s) noexcept : prepared_(s) {}

    /// Runs what answers no rows.
    template <class... Parameters>
    result<void> run(const Parameters&... parameters) {
        rows r = query(parameters...);
        const result<bool> more = r.next();
        if (more.has_error()) return more.error();
        return {};
    }
    template <class... Parameters>
    rows query(const Parameters&... parameters) {
        int at = 0;
        int bound = 0;
        ((bound = bound ? bound : bind(++at, parameters)), ...);
        return rows(prepared_.get(), bound);
    }

    /// For a statement that takes several rows: the parameters of one of them, before the first next().
    template <class... Parameters>
    void bind_row(rows& of, std::size_t row, const Parameters&... parameters) {
        int at = static_cast<int>(row * sizeof...(Parameters));
        ((of.bound_ = of.bound_ ? of.bound_ : bind(++at, parameters)), ...);
    }

private:
    int bind(int at, std::int64_t) noexcept;
    int bind(int at, std::string_view) noexcept;
    int bind(int at, blob) noexcept;
    int bind(int at, std::nullptr_t) noexcept;
    template <class T>
    int bind(int at, const std::optional<T>& value) noexcept {
        return value ? bind(at, *value) : bind(at, nullptr);
    }

    struct finalize {
        void operator()(sqlite3_stmt*) const noexcept;
    };
    std::unique_ptr<sqlite3_stmt, finalize> prepared_;
};

/// One connection, for one thread at a time. What goes wrong with the disk is an error of category().
class database {
public:
    database() = default;

    /// Opens a file that is there; `vfs` names SQLite's way to the system, empty for the usual one. After an
    /// error nothing can be done with it but ask for system_error().
    result<void> open(const std::string& path, const std::string& vfs);

    bool is_open() const noexcept { return static_cast<bool>(connection_); }
    sqlite3* handle() const noexcept { return connection_.get(); }

    result<statement> prepare(std::string_view sql);
    /// Several, each to where it belongs.
    result<void> prepare(std::initializer_list<std::pair<statement*, std::string_view>>);
    /// One or several statements without parameters; rows are dropped.
    result<void> run(const char* sql);
    /// A transaction for writing, and its end: as run() would, without reading SQL each time.
    result<void> begin() { return begin_.run(); }
    result<void> commit() { return commit_.run(); }
    /// The first column of the first row; 0 or "" when there is none.
    result<std::int64_t> integer(std::string_view sql);
    result<std::string> text(std::string_view sql);

    /// Takes back the transaction, if there still is one. Never fails: SQLite may have done it already.
    void rollback() noexcept;

    /// What a failed call was about: errno of the system, 0 for none.
    int system_error() const noexcept;

    std::int64_t last_number() const noexcept;   ///< rowid of the last insert
    std::int64_t total_changes() const noexcept; ///< rows ever changed

    /// Copies what the log holds into the file; `truncate` also empties the log.
    result<void> checkpoint(bool truncate);
    /// Pages in the log after the last commit.
    int log_pages() const noexcept { return *log_pages_; }

    /// The last to go: no statement outlives it. Copies the log into the file, and removes it.
    void close() noexcept;
    /// Lets go of the file without touching it, as after a fault. The destructor checkpoints.
    void abandon() noexcept;

private:
    struct closing {
        void operator()(sqlite3*) const noexcept;
    };
    std::unique_ptr<int> log_pages_ = std::make_unique<int>(0);
    std::unique_ptr<sqlite3, closing> connection_;
    statement begin_, commit_; ///< die before the connection
};

} // namespace offboard::journal::sqlite
