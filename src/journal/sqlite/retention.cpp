#include "retention.hpp"

#include "layout.hpp"
#include "recovery.hpp"

#include <vector>

namespace offboard::journal::sqlite {

namespace {

/// Small rows go by the thousand.
constexpr std::int64_t rows_at_once = 1000;
/// Large operations weigh more: a transaction ends after about that many steps.
constexpr std::int64_t steps_at_once = 20'000;

struct due {
    std::vector<std::int64_t> numbers;
    bool more = false;
};

result<due> find_due(database& db, std::int64_t settled_before, std::size_t most) {
    result<statement> select = db.prepare("SELECT number, steps FROM operation INDEXED BY retained"
                                          " WHERE settled_at <= ? AND key IS NOT NULL ORDER BY settled_at");
    if (select.has_error()) return select.error();
    due out;
    std::int64_t steps = 0;
    rows r = select->query(settled_before);
    result<bool> more = r.next();
    for (; more.has_value() && *more; more = r.next()) {
        if (out.numbers.size() >= most || steps >= steps_at_once) {
            out.more = true;
            return out;
        }
        out.numbers.push_back(r.integer(0));
        steps += r.integer(1);
    }
    if (more.has_error()) return more.error();
    return out;
}

/// Deletes some of what is older than `before`; true when that may not have been all.
result<bool> drop(database& db, const char* sql, std::int64_t before) {
    result<statement> remove = db.prepare(sql);
    if (remove.has_error()) return failed(remove.error());
    const std::int64_t had = db.total_changes();
    const result<void> done = remove->run(before, rows_at_once);
    if (done.has_error()) return failed(done.error());
    return db.total_changes() - had >= rows_at_once;
}

result<swept> sweep_in_transaction(database& db, store& entries, wall_time now, duration retention,
                                   std::size_t most) {
    result<void> done = entries.fold();
    if (done.has_error()) return done.error();
    const std::int64_t before = milliseconds(now - std::chrono::ceil<wall_time::duration>(retention));
    const result<due> found = find_due(db, before, most);
    if (found.has_error()) return found.error();
    for (const std::int64_t number : found->numbers) {
        done = entries.erase(number);
        if (done.has_error()) return done.error();
    }
    if (!found->numbers.empty()) done = entries.wipe();
    if (done.has_error()) return done.error();
    const result<bool> more_keys = drop(db,
                                        "DELETE FROM idempotency WHERE hash IN (SELECT hash FROM idempotency"
                                        " WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
                                        milliseconds(now));
    if (more_keys.has_error()) return more_keys.error();
    // In the order of numbers, which is that of time as long as the clock is: the first young one ends it.
    const result<bool> more_calls =
        drop(db,
             "DELETE FROM flight WHERE number IN (SELECT number FROM flight ORDER BY number LIMIT ?2)"
             " AND at < ?1 AND steps IS NULL",
             milliseconds(now - keep_calls));
    if (more_calls.has_error()) return more_calls.error();
    swept out;
    out.operations = found->numbers.size();
    out.more = found->more || *more_keys || *more_calls;
    return out;
}

} // namespace

result<swept> sweep(database& db, store& entries, wall_time now, duration retention, std::size_t most) {
    result<void> done = db.begin();
    if (done.has_error()) return done.error();
    result<swept> out = sweep_in_transaction(db, entries, now, retention, most);
    if (out.has_error()) return out;
    done = db.commit();
    if (done.has_error()) return done.error();
    return out;
}

result<void> compact(database& db) {
    const result<void> done = db.run("PRAGMA incremental_vacuum");
    if (done.has_error()) return done;
    return db.checkpoint(true);
}

} // namespace offboard::journal::sqlite
