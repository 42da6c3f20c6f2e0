#pragma once

#include "../keyring.hpp"
#include "database.hpp"
#include "operation_reader.hpp"
#include "schema.hpp"
#include "subject_index.hpp"
#include "tail.hpp"

#include "offboard/base/clock.hpp"
#include "offboard/journal/journal.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace offboard::journal::sqlite {

/// The tables, and the tail of what is not in them yet, as the journal's calls. Nothing here begins or
/// commits a transaction: the caller of a writing function has begun one, calls write() before the commit,
/// and takes it back when an error or an exception comes out.
///
/// Errors of sqlite::category() are faults of the disk. errc::journal_unavailable: what was read is not what
/// was written.
class store {
public:
    static result<std::unique_ptr<store>> make(database&, const keyring&, key_table, duration keep_keys);

    result<begun> begin(const operation&, const std::optional<idempotency>&, wall_time now);
    result<std::optional<std::string>> recall(const idempotency&, wall_time now);
    result<void> depart(const departure&, flight_number);

    /// Throws std::logic_error for an operation that was never begun.
    result<void> record(const std::vector<progress_record>&, std::optional<flight_number> landed);

    result<std::shared_ptr<operation>> find(std::string_view id);
    /// Ids of the newest `most` operations about the person.
    result<std::vector<std::string>> lookup(const identifier& who, std::size_t most) {
        const result<void> loaded = tail_->load();
        if (loaded.has_error()) return loaded.error();
        return reader_.lookup(who, most, *tail_, subjects_);
    }

    /// After fold(). `skipped` gets the ids of operations that cannot be read; they are in no page.
    result<page> unsettled(cursor after, std::size_t most_operations, std::size_t most_steps,
                           std::vector<std::string>& skipped) {
        return reader_.unsettled(after, most_operations, most_steps, skipped);
    }

    /// Takes back a begin or a departure that was refused after all: a commit whose fsync failed may be there
    /// after the file was opened again. Neither needs to be there.
    result<void> undo_begin(const std::string& id);
    result<void> undo_depart(flight_number);

    /// A write that means nothing and needs some room: shows that the disk takes writes.
    result<void> beat();

    /// Puts the residue of a settled operation in the place of all that was kept of it, and destroys its key.
    /// After fold(); and wipe() after the last one.
    result<void> erase(std::int64_t number);

    /// The tail: see there.
    result<void> write() { return tail_->write(); }
    result<void> fold();
    result<void> wipe() { return tail_->wipe(); }
    std::int64_t in_tail() const noexcept { return tail_->used(); }

    /// After a transaction that was taken back: what is known of operations may not be so.
    void forget() {
        live_.clear();
        tail_->forget();
    }

private:
    /// An operation in the tables that is likely to be recorded soon. Not more than `most_live` of them.
    struct live {
        std::int64_t number = 0;
        secret key;
        std::int64_t next_place = 0;
    };
    static constexpr std::size_t most_live = 4096;
    /// What is larger is put into the tables at once: to write it twice saves nothing.
    static constexpr std::size_t largest_fresh = 65'536;

    struct statements {
        statement add_entry;
        statement known_idempotency;
        statement settle, land, beat;
        statement drop_operation, drop_key, drop_entries, drop_idempotency, drop_flight;
        statement forget_key, forget_master;
    };
    static result<statements> prepare(database&);
    store(const keyring& ring, duration keep_keys, statements prepared, operation_reader, subject_index,
          std::unique_ptr<tail>);

    static live live_of(const fresh_operation&);
    result<std::optional<begun>> replay(const std::vector<std::string>& hashes,
                                        const std::vector<std::string>& fingerprints, wall_time now);
    void keep_live(const std::string& id, live);
    result<void> record_one(const progress_record&);
    result<void> record_fresh(fresh_operation&, const progress_record&);
    result<live> look_up(const operation_head&);
    result<void> append(const std::string& id, live&, const std::vector<change>&);
    result<void> add_residue(const operation_head&, const std::vector<change>&);
    result<void> write_residue(const operation_head&, operation&);

    const keyring& ring_;
    const duration keep_keys_;
    statements sql_;
    operation_reader reader_;
    subject_index subjects_;
    std::unique_ptr<tail> tail_;
    std::unordered_map<std::string, live> live_; ///< by id, with their keys at hand
};

} // namespace offboard::journal::sqlite
