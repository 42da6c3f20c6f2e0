// What is kept, read back: operations, pages of them, and the operations of a person; and their erasure.
#include "../hashed_forms.hpp"
#include "../record_codec.hpp"
#include "layout.hpp"
#include "store.hpp"

#include <algorithm>
#include <iterator>

namespace offboard::journal::sqlite {

store::head store::read_head(const rows& r) {
    head h;
    h.number = r.integer(0);
    h.id = r.bytes(1);
    h.caller = r.bytes(2);
    h.created_at = r.integer(3);
    if (!r.null(4)) h.settled_at = r.integer(4);
    if (!r.null(5)) h.retried_at = r.integer(5);
    if (!r.null(6)) h.key = r.integer(6);
    return h;
}

result<std::optional<store::head>> store::one_head(rows r) {
    const result<bool> found = r.next();
    if (found.has_error()) return found.error();
    if (!*found) return std::optional<head>();
    return std::optional<head>(read_head(r));
}

store::head store::head_of(const fresh_operation& op) {
    return {op.number, op.id, op.caller, op.created_at, op.settled_at, op.retried_at, op.master};
}

result<secret> store::unlock(const head& h) {
    const auto master = keys_.ids.find(*h.key);
    if (master == keys_.ids.end()) return errc::journal_unavailable;
    rows r = sql_.key_of.query(h.number);
    const result<bool> found = r.next();
    if (found.has_error()) return found.error();
    if (!*found) return errc::journal_unavailable;
    return ring_.unwrap(master->second, r.bytes(0), h.id);
}

result<void> store::unlock(fresh_operation& op) {
    if (!op.key.reveal().empty()) return {};
    const auto master = keys_.ids.find(op.master);
    if (master == keys_.ids.end()) return errc::journal_unavailable;
    result<secret> key = ring_.unwrap(master->second, op.wrapped, op.id);
    if (key.has_error()) return key.error();
    op.key = std::move(*key);
    return {};
}

std::shared_ptr<operation> store::bare(const head& h) {
    auto op = std::make_shared<operation>();
    op->id = h.id;
    op->caller = h.caller;
    op->created_at = from_milliseconds(h.created_at);
    if (h.settled_at) op->settled_at = from_milliseconds(*h.settled_at);
    if (h.retried_at) op->retried_at = from_milliseconds(*h.retried_at);
    return op;
}

/// One entry more; `key` is null where the text is plain.
result<void> store::read_in(operation& op, const secret* key, std::int64_t at, std::string_view text) {
    result<std::string> plain =
        key ? ring_.open(*key, context_of(op.id, at), text) : result<std::string>(std::string(text));
    if (plain.has_error()) return plain.error();
    if (at == 0) return decode(*plain, op);
    const result<std::vector<change>> changes = decode_changes(*plain);
    if (changes.has_error()) return changes.error();
    return apply(*changes, op);
}

result<std::shared_ptr<operation>> store::load(const head& h) {
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

result<std::shared_ptr<operation>> store::load(fresh_operation& fresh) {
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

result<std::shared_ptr<operation>> store::find(std::string_view id) {
    const result<void> loaded = tail_->load();
    if (loaded.has_error()) return loaded.error();
    if (fresh_operation* const fresh = tail_->contents().find(id)) return load(*fresh);
    const result<std::optional<head>> found = one_head(sql_.head_by_id.query(id));
    if (found.has_error()) return found.error();
    if (!*found) return errc::not_found;
    return load(**found);
}

result<std::vector<std::string>> store::lookup(const identifier& who, std::size_t most) {
    const result<void> loaded = tail_->load();
    if (loaded.has_error()) return loaded.error();
    std::vector<std::pair<std::int64_t, std::string>> found;
    std::vector<subject_hash> hashes;
    for (const identifier& form : hashed_forms(who))
        std::ranges::copy(ring_.subjects(form), std::back_inserter(hashes));
    for (const subject_hash& hash : hashes) {
        for (const fresh_operation& op : tail_->contents().operations())
            if (std::ranges::find(op.subjects, hash) != op.subjects.end())
                found.emplace_back(op.number, op.id);
        const result<std::vector<std::int64_t>> kept = subjects_.find(hash, tail_->next_number(), most);
        if (kept.has_error()) return kept.error();
        std::size_t left = most;
        for (const std::int64_t number : *kept) {
            if (left == 0) break; // the newest come first
            const result<std::optional<head>> h = one_head(sql_.head_by_number.query(number));
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

result<page> store::unsettled(cursor after, std::size_t most_operations, std::size_t most_steps,
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
        const head h = read_head(r);
        out.next = {h.created_at, h.number};
        result<std::shared_ptr<operation>> op = load(h);
        if (op.has_error() && op.error().category() == category()) return op.error();
        if (op.has_error()) {
            skipped.push_back(h.id);
            continue;
        }
        steps += (*op)->steps.size();
        out.operations.push_back(std::move(*op));
    }
    const result<bool> more = r.next();
    if (more.has_error()) return more.error();
    out.last = !*more;
    return out;
}

result<void> store::erase(std::int64_t number) {
    const result<std::optional<head>> found = one_head(sql_.head_by_number.query(number));
    if (found.has_error()) return found.error();
    if (!*found) return {};
    live_.erase((*found)->id);
    const result<std::shared_ptr<operation>> op = load(**found);
    if (op.has_error() && op.error().category() == category()) return op.error();
    // What cannot be read is forgotten all the same: its key goes, and nothing can be read ever after.
    if (op.has_value()) {
        const result<void> done = write_residue(**found, **op);
        if (done.has_error()) return done;
    }
    const result<void> done = sql_.forget_key.run(number);
    if (done.has_error()) return done;
    return sql_.forget_master.run(number);
}

result<void> store::write_residue(const head& h, operation& op) {
    erase_person(op);
    const std::string plain = encode(op);
    const result<void> done = sql_.drop_entries.run(first_place(h.number), first_place(h.number + 1));
    if (done.has_error()) return done;
    return sql_.add_entry.run(first_place(h.number), blob{plain});
}

/// Progress of an operation whose person has been forgotten already: into the residue, without the person.
result<void> store::add_residue(const head& h, const std::vector<change>& changes) {
    const result<std::shared_ptr<operation>> op = load(h);
    if (op.has_error()) return op.error();
    const result<void> done = apply(changes, **op);
    if (done.has_error()) return done;
    return write_residue(h, **op);
}

} // namespace offboard::journal::sqlite
