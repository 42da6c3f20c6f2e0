#include "schema.hpp"

#include "../record_codec.hpp"
#include "subject_index.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

namespace offboard::journal::sqlite {

namespace {

/// "OFBJ": in the header of the file, where file(1) and we look for it.
constexpr std::int64_t our_application = 0x4F46424A;

/// Keys lie apart from all else, are only ever added at the end, and are of one size, so that SQLite never
/// moves one: overwriting it in place leaves no older copy in a page. Ciphertext that was moved may stay in
/// the gap of some page, and is worth nothing without its key.
///
/// entry: what an operation is (place number·2^24) and what became of it (the places behind), sealed under
/// its key, or plain where the key is gone.
/// unsettled: with `settled_at`, for which SQLite would look at the table otherwise, to count.
/// flight: without `steps` it has landed, and counts for budgets only.
constexpr const char* version_1 = R"(
CREATE TABLE master_key(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, mark BLOB NOT NULL);
CREATE TABLE operation(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, caller TEXT NOT NULL, created_at INTEGER NOT NULL,
  settled_at INTEGER, retried_at INTEGER, steps INTEGER NOT NULL, key INTEGER);
CREATE INDEX unsettled ON operation(created_at, number, steps, settled_at) WHERE settled_at IS NULL;
CREATE INDEX retained ON operation(settled_at) WHERE settled_at IS NOT NULL AND key IS NOT NULL;
CREATE TABLE operation_key(operation INTEGER PRIMARY KEY, wrapped BLOB NOT NULL);
CREATE TABLE entry(place INTEGER PRIMARY KEY, text BLOB NOT NULL);
CREATE TABLE subject(hash BLOB NOT NULL, operation INTEGER NOT NULL, PRIMARY KEY(hash, operation))
  WITHOUT ROWID;
CREATE TABLE idempotency(
  hash BLOB PRIMARY KEY, fingerprint BLOB NOT NULL, operation INTEGER NOT NULL, key INTEGER NOT NULL,
  expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX expiry ON idempotency(expires_at);
CREATE TABLE flight(number INTEGER PRIMARY KEY, vendor TEXT NOT NULL, at INTEGER NOT NULL, steps TEXT);
CREATE TABLE heartbeat(number INTEGER PRIMARY KEY, beat BLOB NOT NULL);
)";
/// tail: see tail.hpp; the slots of `round` count. Keys and ciphertext are in slots for a while too, and
/// slots are not moved either. subject: by era of 16,384 operations, each with the order of hashes to itself.
constexpr const char* version_2 = R"(
CREATE TABLE tail(slot INTEGER PRIMARY KEY, text BLOB NOT NULL);
CREATE TABLE round(number INTEGER NOT NULL);
INSERT INTO round VALUES(1);
ALTER TABLE subject RENAME TO subject_1;
CREATE TABLE subject(era INTEGER NOT NULL, hash BLOB NOT NULL, operation INTEGER NOT NULL,
  PRIMARY KEY(era, hash, operation)) WITHOUT ROWID;
INSERT INTO subject SELECT operation / 16384, hash, operation FROM subject_1;
DROP TABLE subject_1;
)";
/// entry: `entries` of them in one row, see pack(). flight: with `calls` it stands for many that have landed,
/// whose times these are (see pack_time()); it has the number and the time of the last. subject: see
/// subject_index.hpp.
constexpr const char* version_3 = R"(
ALTER TABLE entry ADD COLUMN entries INTEGER NOT NULL DEFAULT 1;
ALTER TABLE flight ADD COLUMN calls BLOB;
ALTER TABLE subject RENAME TO subject_2;
CREATE TABLE subject(place INTEGER PRIMARY KEY, text BLOB NOT NULL);
)";
result<void> migrate_to_3(database& db) {
    result<void> done = db.run(version_3);
    if (done.has_value()) done = pack_subjects(db);
    if (done.has_value()) done = db.run("DROP TABLE subject_2");
    return done;
}

/// One residue whose ref is still in the clear.
struct residue {
    std::int64_t place = 0;
    std::string text;
};

result<std::vector<residue>> residues_with_ref(database& db, std::int64_t after) {
    result<statement> select =
        db.prepare("SELECT e.place, e.text FROM entry e JOIN operation o ON o.number = e.place >> 24"
                   " WHERE e.place > ? AND o.key IS NULL AND instr(e.text, CAST('\"ref\":' AS BLOB)) > 0"
                   " ORDER BY e.place LIMIT 1000");
    if (select.has_error()) return select.error();
    std::vector<residue> out;
    rows r = select->query(after);
    result<bool> more = r.next();
    for (; more.has_value() && *more; more = r.next())
        out.push_back({r.integer(0), std::string(r.bytes(1))});
    if (more.has_error()) return more.error();
    return out;
}

/// Versions before kept a customer's `ref` when they erased the identifiers. The number is also raised so
/// that no version before reads what may stand in records from here on.
result<void> migrate_to_4(database& db) {
    std::int64_t after = -1;
    for (;;) {
        const result<std::vector<residue>> found = residues_with_ref(db, after);
        if (found.has_error()) return found.error();
        if (found->empty()) return {};
        for (const residue& one : *found) {
            after = one.place;
            operation op;
            if (decode(one.text, op).has_error()) continue; // not what we wrote
            erase_person(op);
            const std::string text = encode(op);
            result<statement> update = db.prepare("UPDATE entry SET text = ? WHERE place = ?");
            if (update.has_error()) return update.error();
            const result<void> done = update->run(blob{text}, one.place);
            if (done.has_error()) return done;
        }
    }
}

/// What makes version n + 1 of version n.
constexpr std::array<result<void> (*)(database&), 4> migrations = {
    [](database& db) { return db.run(version_1); },
    [](database& db) { return db.run(version_2); },
    migrate_to_3,
    migrate_to_4,
};
constexpr std::int64_t our_version = migrations.size();

result<void> migrate(database& db, std::int64_t from) {
    result<void> done = db.begin();
    for (auto v = static_cast<std::size_t>(from); v < migrations.size() && done.has_value(); ++v)
        done = migrations[v](db);
    const std::string mark = "PRAGMA application_id = " + std::to_string(our_application) +
                             "; PRAGMA user_version = " + std::to_string(our_version);
    if (done.has_value()) done = db.run(mark.c_str());
    if (done.has_value()) done = db.commit();
    return done;
}

/// Whether anything kept under that key would be lost without it.
result<bool> is_needed(database& db, std::int64_t key, wall_time now) {
    result<statement> sealed = db.prepare("SELECT 1 FROM operation WHERE key = ? LIMIT 1");
    if (sealed.has_error()) return failed(sealed.error());
    const result<bool> any = sealed->query(key).next();
    if (any.has_error() || *any) return any;
    result<statement> hashed =
        db.prepare("SELECT 1 FROM idempotency WHERE key = ? AND expires_at > ? LIMIT 1");
    if (hashed.has_error()) return failed(hashed.error());
    return hashed->query(key, std::int64_t(now.time_since_epoch().count())).next();
}

} // namespace

std::string words_for(const boost::system::error_code& e, int system_error) {
    const int code = e.value() & 0xff;
    if (code == SQLITE_IOERR || code == SQLITE_CANTOPEN) {
        // A limit on file sizes is a full disk.
        if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG) return "disk full";
        if (system_error == EROFS) return "read-only";
        if (system_error == EIO) return "I/O error";
    }
    switch (code) {
    case SQLITE_FULL: return "disk full";
    case SQLITE_READONLY: return "read-only";
    case SQLITE_PERM:
    case SQLITE_AUTH: return "not permitted";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return "locked";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "damaged";
    case SQLITE_CANTOPEN: return "cannot be opened";
    case SQLITE_NOMEM: return "out of memory";
    default: return "I/O error";
    }
}

bool must_reopen(const boost::system::error_code& e) {
    const int code = e.value() & 0xff;
    return code != SQLITE_FULL && code != SQLITE_BUSY && code != SQLITE_LOCKED && code != SQLITE_NOMEM;
}

int create_private(const std::string& path) {
    const int made = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (made < 0) return errno == EEXIST ? 0 : errno;
    ::close(made);
    return 0;
}

result<standing> take(database& db) {
    const result<void> alone = db.run("PRAGMA locking_mode = EXCLUSIVE");
    if (alone.has_error()) return alone.error();
    const result<std::int64_t> application = db.integer("PRAGMA application_id");
    if (application.has_error()) return application.error();
    const result<std::int64_t> tables = db.integer("SELECT count(*) FROM sqlite_schema");
    if (tables.has_error()) return tables.error();
    const result<std::int64_t> version = db.integer("PRAGMA user_version");
    if (version.has_error()) return version.error();
    if (*application == our_application) return *version > our_version ? standing::newer : standing::ours;
    return *application == 0 && *version == 0 && *tables == 0 ? standing::empty : standing::foreign;
}

result<void> set_up(database& db) {
    // Before there is a table, or not at all; and not again, for SQLite would write the file.
    const result<std::int64_t> vacuum = db.integer("PRAGMA auto_vacuum");
    if (vacuum.has_error()) return vacuum.error();
    result<void> done;
    if (*vacuum == 0) done = db.run("PRAGMA auto_vacuum = INCREMENTAL");
    if (done.has_error()) return done;
    const result<std::string> mode = db.text("PRAGMA journal_mode = WAL");
    if (mode.has_error()) return mode.error();
    if (*mode != "wal") return {boost::system::error_code(SQLITE_CANTOPEN, category())};
    done = db.run("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
                  "PRAGMA cache_size = -16384; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
    if (done.has_error()) return done;
    const result<std::int64_t> version = db.integer("PRAGMA user_version");
    if (version.has_error()) return version.error();
    if (*version == our_version) return done;
    done = migrate(db, *version);
    // The room of the old tables is given back now, before calls are served.
    return done.has_value() ? db.run("PRAGMA incremental_vacuum") : done;
}

result<key_table> settle_keys(database& db, const keyring& ring, wall_time now) {
    std::map<std::int64_t, std::pair<std::string, std::string>> known; // number: id, mark
    {
        result<statement> all = db.prepare("SELECT number, id, mark FROM master_key");
        if (all.has_error()) return all.error();
        rows r = all->query();
        result<bool> more = r.next();
        for (; more.has_value() && *more; more = r.next())
            known[r.integer(0)] = {std::string(r.bytes(1)), std::string(r.bytes(2))};
        if (more.has_error()) return more.error();
    }
    const std::vector<std::string> given = ring.ids();
    key_table out;
    for (const auto& [number, key] : known) {
        const auto& [id, mark] = key;
        if (std::find(given.begin(), given.end(), id) != given.end()) {
            if (ring.mark_of(id) != mark)
                throw std::runtime_error("master key \"" + id + "\" is not the one the file was made with");
            out.ids[number] = id;
            if (id == ring.newest()) out.newest = number;
            continue;
        }
        const result<bool> needed = is_needed(db, number, now);
        if (needed.has_error()) return needed.error();
        if (*needed) throw std::runtime_error("master key \"" + id + "\" is still needed and not given");
        result<statement> strike = db.prepare("DELETE FROM master_key WHERE number = ?");
        if (strike.has_error()) return strike.error();
        const result<void> struck = strike->run(number);
        if (struck.has_error()) return struck.error();
    }
    if (out.newest == 0) {
        result<statement> add = db.prepare("INSERT INTO master_key(id, mark) VALUES(?, ?)");
        if (add.has_error()) return add.error();
        const std::string mark = ring.mark_of(ring.newest());
        const result<void> added = add->run(std::string_view(ring.newest()), blob{mark});
        if (added.has_error()) return added.error();
        out.newest = db.last_number();
        out.ids[out.newest] = ring.newest();
    }
    return out;
}

} // namespace offboard::journal::sqlite
