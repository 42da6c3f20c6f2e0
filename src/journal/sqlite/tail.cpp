#include "tail.hpp"

#include "layout.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace offboard::journal::sqlite {

namespace {

/// With what SQLite writes about it a row of this size fills a page of 4096 bytes, and no other fits beside
/// it: it is never moved, and SQLite overwrites it in place, for the size stays.
constexpr std::size_t slot_size = 4056;
constexpr std::size_t slot_head = 12; ///< the round (8 bytes) and how many bytes follow that count (4)
constexpr std::size_t slot_room = slot_size - slot_head;

result<std::int64_t> number_of(rows r) {
    const result<bool> row = r.next();
    if (row.has_error()) return row.error();
    if (!*row) return damage();
    return r.integer(0);
}

} // namespace

result<std::unique_ptr<tail>> tail::make(database& db) {
    statements s;
    const result<void> prepared = db.prepare({
        {&s.slots, "SELECT text FROM tail ORDER BY slot"},
        {&s.overwrite, "UPDATE tail SET text = ? WHERE slot = ?"},
        {&s.add_slot, "INSERT INTO tail(text, slot) VALUES(?, ?)"},
        {&s.wipe, "UPDATE tail SET text = ? WHERE slot <= ?"},
        {&s.trim, "DELETE FROM tail WHERE slot > ?"},
        {&s.round, "SELECT number FROM round"},
        {&s.next_round, "UPDATE round SET number = ?"},
        {&s.next_number, "SELECT coalesce(max(number), 0) + 1 FROM operation"},
        {&s.last_id, "SELECT max(id) FROM operation"},
    });
    if (prepared.has_error()) return prepared.error();
    const std::tuple<bulk_insert*, const char*, std::size_t> inserts[] = {
        {&s.operations,
         "INSERT INTO operation(number, id, caller, created_at, settled_at, retried_at, steps, key)", 8},
        {&s.keys, "INSERT INTO operation_key(operation, wrapped)", 2},
        {&s.entries, "INSERT INTO entry(place, entries, text)", 3},
        {&s.idempotencies,
         "INSERT OR REPLACE INTO idempotency(hash, fingerprint, operation, key, expires_at)", 5},
        {&s.flights, "INSERT INTO flight(number, vendor, at, steps, calls)", 5},
    };
    for (const auto& [into, text, columns] : inserts) {
        result<bulk_insert> insert = bulk_insert::make(db, text, columns);
        if (insert.has_error()) return insert.error();
        *into = std::move(*insert);
    }
    result<subject_index> subjects = subject_index::make(db);
    if (subjects.has_error()) return subjects.error();
    s.subjects = std::move(*subjects);
    return std::unique_ptr<tail>(new tail(std::move(s)));
}

result<void> tail::load() {
    if (loaded_) return {};
    forget();
    result<void> done = read_counters();
    if (done.has_value()) done = read_slots();
    if (done.has_error()) return done;
    for (const fresh_operation& op : contents_.operations())
        next_number_ = std::max(next_number_, op.number + 1);
    loaded_ = true;
    return {};
}

result<void> tail::read_counters() {
    const result<std::int64_t> round = number_of(sql_.round.query());
    if (round.has_error()) return round.error();
    const result<std::int64_t> next = number_of(sql_.next_number.query());
    if (next.has_error()) return next.error();
    round_ = *round;
    next_number_ = *next;
    rows r = sql_.last_id.query();
    const result<bool> any = r.next();
    if (any.has_error()) return any.error();
    last_id_ = r.bytes(0);
    return {};
}

result<void> tail::read_slots() {
    std::string text;
    rows r = sql_.slots.query();
    result<bool> more = r.next();
    for (; more.has_value() && *more; more = r.next(), ++slots_) {
        const std::string_view slot = r.bytes(0);
        if (slot.size() != slot_size) return damage();
        if (get_number(slot.substr(0, 8)) != static_cast<std::uint64_t>(round_) || used_ != slots_) continue;
        const std::size_t size = get_number(slot.substr(8, 4));
        if (size > slot_room) return damage();
        text += slot.substr(slot_head, size);
        ++used_;
    }
    if (more.has_error()) return more.error();
    spent_ = slots_;
    if (!contents_.replay(text)) return damage();
    return {};
}

result<void> tail::write() {
    std::string slot(slot_size, '\0');
    for (std::string_view left = news_; !left.empty();) {
        const std::string_view part = left.substr(0, slot_room);
        left.remove_prefix(part.size());
        put_number(slot.data(), static_cast<std::uint64_t>(round_), 8);
        put_number(slot.data() + 8, part.size(), 4);
        part.copy(slot.data() + slot_head, part.size());
        std::fill(slot.begin() + static_cast<std::ptrdiff_t>(slot_head + part.size()), slot.end(), '\0');
        ++used_;
        const result<void> done = (used_ <= slots_ ? sql_.overwrite : sql_.add_slot).run(blob{slot}, used_);
        if (done.has_error()) return done;
        slots_ = std::max(slots_, used_);
    }
    spent_ = std::max(spent_, used_);
    news_.clear();
    return {};
}

result<fresh_rows> tail::fold() {
    if (contents_.empty() && used_ == 0) return fresh_rows();
    in_order all;
    all.reserve(contents_.operations().size());
    for (const fresh_operation& op : contents_.operations())
        all.push_back(&op);
    result<void> done = put(all);
    if (done.has_value()) done = put_flights();
    if (done.has_value()) done = sql_.next_round.run(round_ + 1);
    // A rush made it longer than it need be.
    if (done.has_value() && slots_ > most_slots) done = sql_.trim.run(most_slots);
    if (done.has_error()) return done.error();
    ++round_;
    used_ = 0;
    slots_ = std::min(slots_, most_slots);
    spent_ = std::min(spent_, slots_);
    news_.clear();
    return std::exchange(contents_, fresh_rows());
}

result<void> tail::put(const fresh_operation& op) {
    return put(in_order{&op});
}

result<void> tail::put(const in_order& all) {
    for (const fresh_operation* op : all)
        last_id_ = std::max(last_id_, op->id);
    result<void> done = sql_.operations.run(all, [](const fresh_operation* op) {
        return std::tuple(op->number, std::string_view(op->id), std::string_view(op->caller), op->created_at,
                          op->settled_at, op->retried_at, op->steps, op->master);
    });
    if (done.has_value())
        done = sql_.keys.run(
            all, [](const fresh_operation* op) { return std::tuple(op->number, blob{op->wrapped}); });
    if (done.has_value()) done = put_entries(all);
    if (done.has_value()) done = put_subjects(all);
    if (done.has_value()) done = put_idempotencies(all);
    return done;
}

/// All that an operation has goes into one row.
result<void> tail::put_entries(const in_order& of) {
    std::vector<std::string> packed;
    packed.reserve(of.size());
    std::vector<std::tuple<std::int64_t, std::int64_t, blob>> rows_of;
    rows_of.reserve(of.size());
    for (const fresh_operation* op : of) {
        const auto count = static_cast<std::int64_t>(op->entries.size());
        const std::string& text = count == 1 ? op->entries.front() : packed.emplace_back(pack(op->entries));
        rows_of.emplace_back(first_place(op->number), count, blob{text});
    }
    return sql_.entries.run(rows_of, [](const auto& row) { return row; });
}

result<void> tail::put_subjects(const in_order& of) {
    std::vector<subject_index::posting> all;
    for (const fresh_operation* op : of)
        for (const subject_hash& hash : op->subjects)
            all.push_back({hash, op->number});
    return sql_.subjects.add(std::move(all));
}

/// The later of two under one key replaces the earlier, which has expired.
result<void> tail::put_idempotencies(const in_order& of) {
    in_order keyed;
    std::ranges::copy_if(of, std::back_inserter(keyed),
                         [](const fresh_operation* op) { return op->under.has_value(); });
    return sql_.idempotencies.run(keyed, [](const fresh_operation* op) {
        return std::tuple(blob{op->under->hash}, blob{op->under->fingerprint}, op->number, op->master,
                          op->under->expires_at);
    });
}

/// What has landed counts for the budgets only: many go into one row, by vendor.
result<void> tail::put_flights() {
    constexpr std::size_t most_calls = 500; // to a row, of about a page
    struct flight_row {
        flight_number number = 0;
        std::string_view vendor;
        std::int64_t at = 0;
        std::optional<std::string_view> steps;
        std::string calls;
    };
    std::vector<flight_row> all;
    std::map<std::string_view, flight_row> landed;
    for (const auto& [number, f] : contents_.flights()) {
        if (!f.landed) {
            all.push_back({number, f.vendor, f.at, f.steps, {}});
            continue;
        }
        flight_row& row = landed[f.vendor];
        row.number = number;
        row.vendor = f.vendor;
        row.at = std::max(row.at, f.at);
        pack_time(row.calls, f.at);
        if (row.calls.size() < most_calls * packed_time) continue;
        all.push_back(row);
        row.calls.clear();
    }
    for (auto& [vendor, row] : landed)
        if (!row.calls.empty()) all.push_back(std::move(row));
    return sql_.flights.run(all, [](const flight_row& row) {
        std::optional<blob> calls;
        if (!row.calls.empty()) calls = blob{row.calls};
        return std::tuple(static_cast<std::int64_t>(row.number), row.vendor, row.at, row.steps, calls);
    });
}

result<void> tail::wipe() {
    if (spent_ == 0) return {};
    const std::string nothing(slot_size, '\0');
    const result<void> done = sql_.wipe.run(blob{nothing}, spent_);
    if (done.has_value()) spent_ = 0;
    return done;
}

void tail::forget() {
    loaded_ = false;
    contents_ = fresh_rows();
    news_.clear();
    slots_ = used_ = spent_ = 0;
}

result<void> fold_tail(database& db) {
    const result<std::unique_ptr<tail>> made = tail::make(db);
    if (made.has_error()) return made.error();
    const result<void> loaded = (*made)->load();
    if (loaded.has_error()) return loaded;
    const result<fresh_rows> folded = (*made)->fold();
    if (folded.has_error()) return folded.error();
    return {};
}

} // namespace offboard::journal::sqlite
