#pragma once

#include "bulk_insert.hpp"
#include "database.hpp"
#include "fresh.hpp"
#include "subject_index.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offboard::journal::sqlite {

/// What was written last, and not yet put into the tables. A commit touches a page for every 4 KiB of news
/// here, where the tables and their indexes would have it touch a page for almost every row; and an
/// operation that settles soon is put into the tables once, as it ended.
///
/// The file holds it as slots: rows of one size, each of which fills a page. A group of calls overwrites the
/// next ones in place. What is in them counts until it is folded, which is to write the tables from it and to
/// begin a new round at the first slot, in one transaction. Slots of earlier rounds mean nothing; wipe()
/// takes what they held out of the file.
///
/// Nothing here begins or commits a transaction, as in `store`. Errors are faults of the disk; a tail that
/// cannot be read is one (damage).
class tail {
public:
    static result<std::unique_ptr<tail>> make(database&);

    /// What is in it, read from the file where that has not been done. First of all after make() and
    /// forget(); the others do not look.
    result<void> load();
    fresh_rows& contents() noexcept { return contents_; }
    /// For the next operation.
    std::int64_t take_number() noexcept { return next_number_++; }
    std::int64_t next_number() const noexcept { return next_number_; }
    /// Not less than any id in the tables. Ids begin with their time, so few new ones are below it.
    const std::string& last_id() const noexcept { return last_id_; }
    /// Where changes of contents() leave their text.
    std::string& news() noexcept { return news_; }

    /// Last in a transaction: what has been left in news() is put into slots.
    result<void> write();
    /// Writes the tables from it. What it has been is handed out.
    result<fresh_rows> fold();
    /// Overwrites what slots have held; after fold() only.
    result<void> wipe();
    /// How many slots it takes.
    std::int64_t used() const noexcept { return used_; }

    /// Puts an operation into the tables at once.
    result<void> put(const fresh_operation&);

    /// After a transaction that was taken back: the file knows better.
    void forget();

private:
    static constexpr std::int64_t most_slots = 512; ///< that are kept for the next round

    struct statements {
        statement slots, overwrite, add_slot, wipe, trim, round, next_round, next_number, last_id;
        bulk_insert operations, keys, entries, idempotencies, flights;
        subject_index subjects;
    };
    explicit tail(statements prepared) : sql_(std::move(prepared)) {}
    result<void> read_slots();
    result<void> read_counters();
    using in_order = std::vector<const fresh_operation*>;
    result<void> put(const in_order&);
    result<void> put_entries(const in_order&);
    result<void> put_subjects(const in_order&);
    result<void> put_idempotencies(const in_order&);
    result<void> put_flights();

    statements sql_;
    bool loaded_ = false;
    fresh_rows contents_;
    std::string news_;
    std::int64_t round_ = 0;
    std::int64_t next_number_ = 0;
    std::string last_id_;
    std::int64_t slots_ = 0; ///< rows that there are
    std::int64_t used_ = 0;  ///< the first of them, in this round
    std::int64_t spent_ = 0; ///< the first of them, since they were wiped
};

/// For a file that is being opened: what an earlier process left in the tail.
result<void> fold_tail(database&);

} // namespace offboard::journal::sqlite
