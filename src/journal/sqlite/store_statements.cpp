// The SQL of the store, prepared once a connection.
#include "store.hpp"

#include <utility>

namespace offboard::journal::sqlite {

result<store::statements> store::prepare(database& db) {
    statements s;
    const result<void> prepared = db.prepare({
        {&s.add_entry, "INSERT INTO entry(place, text) VALUES(?, ?)"},

        {&s.head_by_id,
         "SELECT number, id, caller, created_at, settled_at, retried_at, key FROM operation WHERE id = ?"},
        {&s.head_by_number, "SELECT number, id, caller, created_at, settled_at, retried_at, key FROM "
                            "operation WHERE number = ?"},
        {&s.key_of, "SELECT wrapped FROM operation_key WHERE operation = ?"},
        {&s.last_place, "SELECT place + entries - 1 FROM entry WHERE place >= ? AND place < ?"
                        " ORDER BY place DESC LIMIT 1"},
        {&s.entries, "SELECT place, entries, text FROM entry WHERE place >= ? AND place < ? ORDER BY place"},
        {&s.known_idempotency, "SELECT i.fingerprint, o.id FROM idempotency i JOIN operation o"
                               " ON o.number = i.operation WHERE i.hash = ? AND i.expires_at > ?"},

        {&s.settle,
         "UPDATE operation SET settled_at = ?, retried_at = coalesce(?, retried_at) WHERE number = ?"},
        {&s.land, "UPDATE flight SET steps = NULL WHERE number = ?"},
        {&s.unsettled, "SELECT number, id, caller, created_at, settled_at, retried_at, key FROM operation"
                       " INDEXED BY unsettled WHERE settled_at IS NULL AND (created_at, number) > (?, ?)"
                       " ORDER BY created_at, number"},
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

store::store(const keyring& ring, key_table keys, duration keep_keys, statements prepared,
             subject_index subjects, std::unique_ptr<tail> t)
    : ring_(ring), keys_(std::move(keys)), keep_keys_(keep_keys), sql_(std::move(prepared)),
      subjects_(std::move(subjects)), tail_(std::move(t)) {}

result<std::unique_ptr<store>> store::make(database& db, const keyring& ring, key_table keys,
                                           duration keep_keys) {
    result<statements> prepared = prepare(db);
    if (prepared.has_error()) return prepared.error();
    result<subject_index> subjects = subject_index::make(db);
    if (subjects.has_error()) return subjects.error();
    result<std::unique_ptr<tail>> made = tail::make(db);
    if (made.has_error()) return made.error();
    return std::unique_ptr<store>(new store(ring, std::move(keys), keep_keys, std::move(*prepared),
                                            std::move(*subjects), std::move(*made)));
}

} // namespace offboard::journal::sqlite
