// The SQL of the store, prepared once a connection.
#include "store.hpp"

#include <utility>

namespace offboard::journal::sqlite {

result<store::statements> store::prepare(database& db) {
    statements s;
    const result<void> prepared = db.prepare({
        {&s.add_entry, "INSERT INTO entry(place, text) VALUES(?, ?)"},

        {&s.known_idempotency, "SELECT i.fingerprint, o.id FROM idempotency i JOIN operation o"
                               " ON o.number = i.operation WHERE i.hash = ? AND i.expires_at > ?"},

        {&s.settle,
         "UPDATE operation SET settled_at = ?, retried_at = coalesce(?, retried_at) WHERE number = ?"},
        {&s.land, "UPDATE flight SET steps = NULL WHERE number = ?"},
        {&s.beat, "INSERT OR REPLACE INTO heartbeat(number, beat) VALUES(1, zeroblob(65536))"},

        {&s.drop_operation, "DELETE FROM operation WHERE number = ?"},
        {&s.drop_key, "DELETE FROM operation_key WHERE operation = ?"},
        {&s.drop_entries, "DELETE FROM entry WHERE place >= ? AND place < ?"},
        {&s.drop_idempotency, "DELETE FROM idempotency WHERE operation = ?"},
        {&s.drop_flight, "DELETE FROM flight WHERE number = ?"},

        {&s.forget_key, "UPDATE operation_key SET wrapped = zeroblob(length(wrapped)) WHERE operation = ?"},
        {&s.forget_master, "UPDATE operation SET key = NULL WHERE number = ?"},
    });
    if (prepared.has_error()) return prepared.error();
    return s;
}

store::store(const keyring& ring, duration keep_keys, statements prepared, operation_reader reader,
             subject_index subjects, std::unique_ptr<tail> t)
    : ring_(ring), keep_keys_(keep_keys), sql_(std::move(prepared)), reader_(std::move(reader)),
      subjects_(std::move(subjects)), tail_(std::move(t)) {}

result<std::unique_ptr<store>> store::make(database& db, const keyring& ring, key_table keys,
                                           duration keep_keys) {
    result<statements> prepared = prepare(db);
    if (prepared.has_error()) return prepared.error();
    result<subject_index> subjects = subject_index::make(db);
    if (subjects.has_error()) return subjects.error();
    result<std::unique_ptr<tail>> made = tail::make(db);
    if (made.has_error()) return made.error();
    result<operation_reader> reader = operation_reader::make(db, ring, std::move(keys));
    if (reader.has_error()) return reader.error();
    return std::unique_ptr<store>(new store(ring, keep_keys, std::move(*prepared), std::move(*reader),
                                            std::move(*subjects), std::move(*made)));
}

} // namespace offboard::journal::sqlite
