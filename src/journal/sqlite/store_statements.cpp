// The SQL of the store, prepared once a connection.
#include "store.hpp"

#include <utility>

namespace offboard::journal::sqlite {

result<store::statements> store::prepare(database& db) {
    statements s;
    const std::pair<statement*, const char*> texts[] = {
        {&s.add_operation, "INSERT INTO operation(id, caller, created_at, settled_at, steps, key)"
                           " VALUES(?, ?, ?, ?, ?, ?)"},
        {&s.add_key, "INSERT INTO operation_key(operation, wrapped) VALUES(?, ?)"},
        {&s.add_entry, "INSERT INTO entry(place, text) VALUES(?, ?)"},
        {&s.add_subject, "INSERT OR IGNORE INTO subject(hash, operation) VALUES(?, ?)"},
        {&s.add_idempotency, "INSERT OR REPLACE INTO idempotency(hash, fingerprint, operation, key,"
                             " expires_at) VALUES(?, ?, ?, ?, ?)"},
        {&s.add_flight, "INSERT INTO flight(number, vendor, at, steps) VALUES(?, ?, ?, ?)"},

        {&s.head_by_id,
         "SELECT number, id, caller, created_at, settled_at, retried_at, key FROM operation WHERE id = ?"},
        {&s.head_by_number, "SELECT number, id, caller, created_at, settled_at, retried_at, key FROM "
                            "operation WHERE number = ?"},
        {&s.key_of, "SELECT wrapped FROM operation_key WHERE operation = ?"},
        {&s.last_place, "SELECT max(place) FROM entry WHERE place >= ? AND place < ?"},
        {&s.entries, "SELECT place, text FROM entry WHERE place >= ? AND place < ? ORDER BY place"},
        {&s.known_idempotency, "SELECT i.fingerprint, o.id FROM idempotency i JOIN operation o"
                               " ON o.number = i.operation WHERE i.hash = ? AND i.expires_at > ?"},

        {&s.settle,
         "UPDATE operation SET settled_at = ?, retried_at = coalesce(?, retried_at) WHERE number = ?"},
        {&s.land, "UPDATE flight SET steps = NULL WHERE number = ?"},
        {&s.by_subject, "SELECT o.number, o.id FROM subject s JOIN operation o ON o.number = s.operation"
                        " WHERE s.hash = ? ORDER BY s.operation DESC LIMIT ?"},
        {&s.unsettled, "SELECT number, id, caller, created_at, settled_at, retried_at, key FROM operation"
                       " INDEXED BY unsettled WHERE settled_at IS NULL AND (created_at, number) > (?, ?)"
                       " ORDER BY created_at, number"},
        {&s.beat, "INSERT OR REPLACE INTO heartbeat(number, beat) VALUES(1, zeroblob(65536))"},

        {&s.drop_operation, "DELETE FROM operation WHERE number = ?"},
        {&s.drop_key, "DELETE FROM operation_key WHERE operation = ?"},
        {&s.drop_entries, "DELETE FROM entry WHERE place >= ? AND place < ?"},
        {&s.drop_subject, "DELETE FROM subject WHERE hash = ? AND operation = ?"},
        {&s.drop_idempotency, "DELETE FROM idempotency WHERE operation = ?"},
        {&s.drop_flight, "DELETE FROM flight WHERE number = ?"},

        {&s.forget_key, "UPDATE operation_key SET wrapped = zeroblob(length(wrapped)) WHERE operation = ?"},
        {&s.forget_master, "UPDATE operation SET key = NULL WHERE number = ?"},
    };
    for (const auto& [into, text] : texts) {
        result<statement> prepared = db.prepare(text);
        if (prepared.has_error()) return prepared.error();
        *into = std::move(*prepared);
    }
    return s;
}

store::store(database& db, const keyring& ring, key_table keys, duration keep_keys, statements prepared)
    : db_(db), ring_(ring), keys_(std::move(keys)), keep_keys_(keep_keys), sql_(std::move(prepared)) {}

result<std::unique_ptr<store>> store::make(database& db, const keyring& ring, key_table keys,
                                           duration keep_keys) {
    result<statements> prepared = prepare(db);
    if (prepared.has_error()) return prepared.error();
    return std::unique_ptr<store>(new store(db, ring, std::move(keys), keep_keys, std::move(*prepared)));
}

} // namespace offboard::journal::sqlite
