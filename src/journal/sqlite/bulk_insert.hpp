#pragma once

#include "database.hpp"

#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace offboard::journal::sqlite {

/// Puts rows into a table, many with one statement: to begin and to end a statement costs SQLite about as
/// much as to add a row. That statement is prepared when it is first needed, for to read it takes SQLite as
/// long as to open a file. Dies before its database.
class bulk_insert {
public:
    bulk_insert() = default;
    /// `into` is the statement up to its VALUES.
    static result<bulk_insert> make(database& db, const std::string& into, std::size_t columns) {
        result<statement> one = db.prepare(into + values(columns, 1));
        if (one.has_error()) return one.error();
        bulk_insert made;
        made.db_ = &db;
        made.text_of_many_ = into + values(columns, rows_at_once);
        made.one_ = std::move(*one);
        return made;
    }

    /// In order. `columns_of` makes the tuple of parameters of a row, which may refer to it.
    template <class Row, class Columns>
    result<void> run(const std::vector<Row>& all, Columns columns_of) {
        for (std::size_t at = 0; at < all.size();) {
            const std::size_t count = all.size() - at < rows_at_once ? 1 : rows_at_once;
            if (count > 1 && !text_of_many_.empty()) {
                result<statement> many = db_->prepare(text_of_many_);
                if (many.has_error()) return many.error();
                many_ = std::move(*many);
                text_of_many_.clear();
            }
            statement& to = count == 1 ? one_ : many_;
            rows r = to.query();
            for (std::size_t n = 0; n < count; ++n)
                std::apply([&](const auto&... p) { to.bind_row(r, n, p...); }, columns_of(all[at + n]));
            const result<bool> done = r.next();
            if (done.has_error()) return done.error();
            at += count;
        }
        return {};
    }

private:
    static constexpr std::size_t rows_at_once = 32;

    static std::string values(std::size_t columns, std::size_t rows) {
        std::string row = "(?";
        for (std::size_t i = 1; i < columns; ++i)
            row += ",?";
        row += ')';
        std::string out = " VALUES" + row;
        for (std::size_t i = 1; i < rows; ++i)
            out += ',' + row;
        return out;
    }

    database* db_ = nullptr;
    std::string text_of_many_; ///< until it is prepared
    statement one_;
    statement many_;
};

} // namespace offboard::journal::sqlite
