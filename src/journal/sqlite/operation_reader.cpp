#include "operation_reader.hpp"

#include "../hashed_forms.hpp"
#include "../record_codec.hpp"
#include "layout.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace offboard::journal::sqlite {

result<operation_reader> operation_reader::make(database& db, const keyring& ring, key_table keys) {
    statements s;
    const result<void> prepared = db.prepare({
        {&s.head_by_id,
         "SELECT number, id, caller, created_at, settled_at, retried_at, key FROM operation WHERE id = ?"},
        {&s.head_by_number, "SELECT number, id, caller, created_at, settled_at, retried_at, key FROM "
                            "operation WHERE number = ?"},
        {&s.key_of, "SELECT wrapped FROM operation_key WHERE operation = ?"},
        {&s.last_place, "SELECT place + entries - 1 FROM entry WHERE place >= ? AND place < ?"
                        " ORDER BY place DESC LIMIT 1"},
        {&s.entries, "SELECT place, entries, text FROM entry WHERE place >= ? AND place < ? ORDER BY place"},
        {&s.unsettled, "SELECT number, id, caller, created_at, settled_at, retried_at, key FROM operation"
                       " INDEXED BY unsettled WHERE settled_at IS NULL AND (created_at, number) > (?, ?)"
                       " ORDER BY created_at, number"},
    });
    if (prepared.has_error()) return prepared.error();
    return operation_reader(ring, std::move(keys), std::move(s));
}

result<std::optional<operation_head>> operation_reader::head_by_id(std::string_view id) {
    return one_head(sql_.head_by_id.query(id));
}

result<std::optional<operation_head>> operation_reader::head_by_number(std::int64_t number) {
    return one_head(sql_.head_by_number.query(number));
}

result<std::int64_t> operation_reader::last_place(const operation_head& h) {
    rows r = sql_.last_place.query(first_place(h.number), first_place(h.number + 1));
    const result<bool> any = r.next();
    if (any.has_error()) return any.error();
    if (!*any) return errc::journal_unavailable;
    return r.integer(0);
}

operation_head operation_reader::read_head(const rows& r) {
    operation_head h;
    h.number = r.integer(0);
    h.id = r.bytes(1);
    h.caller = r.bytes(2);
    h.created_at = r.integer(3);
    if (!r.null(4)) h.settled_at = r.integer(4);
    if (!r.null(5)) h.retried_at = r.integer(5);
    if (!r.null(6)) h.key = r.integer(6);
    return h;
}

result<std::optional<operation_head>> operation_reader::one_head(rows r) {
    const result<bool> found = r.next();
    if (found.has_error()) return found.error();
    if (!*found) return std::optional<operation_head>();
    return std::optional<operation_head>(read_head(r));
}

result<secret> operation_reader::unlock(const operation_head& h) {
    const auto master = keys_.ids.find(*h.key);
    if (master == keys_.ids.end()) return errc::journal_unavailable;
    rows r = sql_.key_of.query(h.number);
    const result<bool> found = r.next();
    if (found.has_error()) return found.error();
    if (!*found) return errc::journal_unavailable;
    return ring_->unwrap(master->second, r.bytes(0), h.id);
}

result<void> operation_reader::unlock(fresh_operation& op) {
    if (!op.key.reveal().empty()) return {};
    const auto master = keys_.ids.find(op.master);
    if (master == keys_.ids.end()) return errc::journal_unavailable;
    result<secret> key = ring_->unwrap(master->second, op.wrapped, op.id);
    if (key.has_error()) return key.error();
    op.key = std::move(*key);
    return {};
}

std::shared_ptr<operation> operation_reader::bare(const operation_head& h) {
    auto op = std::make_shared<operation>();
    op->id = h.id;
    op->caller = h.caller;
    op->created_at = from_milliseconds(h.created_at);
    if (h.settled_at) op->settled_at = from_milliseconds(*h.settled_at);
    if (h.retried_at) op->retried_at = from_milliseconds(*h.retried_at);
    return op;
}

/// One entry more; `key` is null where the text is plain.
result<void> operation_reader::read_in(operation& op, const secret* key, std::int64_t at,
                                       std::string_view text) {
    result<std::string> plain =
        key ? ring_->open(*key, context_of(op.id, at), text) : result<std::string>(std::string(text));
    if (plain.has_error()) return plain.error();
    if (at == 0) return decode(*plain, op);
    const result<std::vector<change>> changes = decode_changes(*plain);
    if (changes.has_error()) return changes.error();
    return apply(*changes, op);
}

result<std::shared_ptr<operation>> operation_reader::load(const operation_head& h) {
    std::shared_ptr<operation> op = bare(h);
    secret key;
    if (h.key) {
        result<secret> unlocked = unlock(h);
        if (unlocked.has_error()) return unlocked.error();
        key = std::move(*unlocked);
    }
    rows r = sql_.entries.query(first_place(h.number), first_place(h.number + 1));
    std::int64_t expected = 0;
    result<bool> more = r.next();
    for (; more.has_value() && *more; more = r.next()) {
        const std::int64_t count = r.integer(1);
        if (r.integer(0) - first_place(h.number) != expected) return errc::journal_unavailable;
        std::string_view text = r.bytes(2);
        for (const std::int64_t end = expected + count; expected < end; ++expected) {
            const std::optional<std::string_view> entry = count == 1 ? text : unpack(text);
            if (!entry) return errc::journal_unavailable;
            const result<void> done = read_in(*op, h.key ? &key : nullptr, expected, *entry);
            if (done.has_error()) return done.error();
        }
    }
    if (more.has_error()) return more.error();
    if (expected == 0) return errc::journal_unavailable;
    return op;
}

result<std::shared_ptr<operation>> operation_reader::load(fresh_operation& fresh) {
    const result<void> unlocked = unlock(fresh);
    if (unlocked.has_error()) return unlocked.error();
    std::shared_ptr<operation> op = bare(head_of(fresh));
    std::int64_t at = 0;
    for (const std::string& sealed : fresh.entries) {
        const result<void> done = read_in(*op, &fresh.key, at++, sealed);
        if (done.has_error()) return done.error();
    }
    return op;
}

operation_head operation_reader::head_of(const fresh_operation& op) {
    return {op.number, op.id, op.caller, op.created_at, op.settled_at, op.retried_at, op.master};
}

result<page> operation_reader::unsettled(cursor after, std::size_t most_operations, std::size_t most_steps,
                                         std::vector<std::string>& skipped) {
    page out;
    out.next = after;
    out.last = false;
    std::size_t steps = 0;
    rows r = sql_.unsettled.query(after.created_at, after.number);
    for (std::size_t seen = 0; seen < most_operations && steps < most_steps; ++seen) {
        const result<bool> more = r.next();
        if (more.has_error()) return more.error();
        if (!*more) {
            out.last = true;
            return out;
        }
        const operation_head h = read_head(r);
        out.next = {h.created_at, h.number};
        result<std::shared_ptr<operation>> op = load(h);
        if (op.has_error() && op.error().category() == category()) return op.error();
        if (op.has_error()) {
            skipped.push_back(h.id);
            continue;
        }
        steps += std::max((*op)->steps.size(), weight_of(**op)); // earn_ids take memory, too
        out.operations.push_back(std::move(*op));
    }
    const result<bool> more = r.next();
    if (more.has_error()) return more.error();
    out.last = !*more;
    return out;
}

result<std::vector<std::string>> operation_reader::lookup(const identifier& who, std::size_t most,
                                                          tail& kept_apart, subject_index& subjects) {
    std::vector<std::pair<std::int64_t, std::string>> found;
    std::vector<subject_hash> hashes;
    for (const identifier& form : hashed_forms(who))
        std::ranges::copy(ring_->subjects(form), std::back_inserter(hashes));
    for (const subject_hash& hash : hashes) {
        for (const fresh_operation& op : kept_apart.contents().operations())
            if (std::ranges::find(op.subjects, hash) != op.subjects.end())
                found.emplace_back(op.number, op.id);
        const result<std::vector<std::int64_t>> kept = subjects.find(hash, kept_apart.next_number(), most);
        if (kept.has_error()) return kept.error();
        std::size_t left = most;
        for (const std::int64_t number : *kept) {
            if (left == 0) break; // the newest come first
            const result<std::optional<operation_head>> h = head_by_number(number);
            if (h.has_error()) return h.error();
            if (!*h) continue;
            found.emplace_back(number, (**h).id);
            --left;
        }
    }
    std::sort(found.begin(), found.end(), std::greater<>());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    found.resize(std::min(found.size(), most));
    std::vector<std::string> ids;
    ids.reserve(found.size());
    for (auto& f : found)
        ids.push_back(std::move(f.second));
    return ids;
}

} // namespace offboard::journal::sqlite
