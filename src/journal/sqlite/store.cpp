// Begin, depart and record: what is written before anything happens, and after it did.
#include "store.hpp"

#include "../hashed_forms.hpp"
#include "../record_codec.hpp"
#include "layout.hpp"

#include <stdexcept>

namespace offboard::journal::sqlite {

std::string idempotency_text(const idempotency& given) {
    return std::to_string(given.caller.size()) + ":" + given.caller + given.key;
}

result<begun> store::begin(const operation& op, const std::optional<idempotency>& given, wall_time now) {
    const result<void> loaded = tail_->load();
    if (loaded.has_error()) return loaded.error();
    fresh_operation made;
    begun out;
    if (given) {
        std::vector<std::string> hashes = ring_.digests("idempotency", idempotency_text(*given));
        std::vector<std::string> fingerprints = ring_.digests("fingerprint", given->fingerprint);
        result<std::optional<begun>> earlier = replay(hashes, fingerprints, now);
        if (earlier.has_error()) return earlier.error();
        if (*earlier) return std::move(**earlier);
        fresh_operation::key_row& under = *(made.under = fresh_operation::key_row());
        under.hash = std::move(hashes.front());
        under.fingerprint = std::move(fingerprints.front());
        under.expires_at = milliseconds(now + std::chrono::ceil<wall_time::duration>(keep_keys_));
    }
    if (op.id <= tail_->last_id()) {
        const result<std::optional<operation_head>> known = reader_.head_by_id(op.id);
        if (known.has_error()) return known.error();
        if (*known) throw std::logic_error("an operation was begun twice");
    }
    made.number = tail_->take_number();
    made.id = op.id;
    made.caller = op.caller;
    made.created_at = milliseconds(op.created_at);
    made.settled_at = milliseconds(op.settled_at);
    made.steps = static_cast<std::int64_t>(op.steps.size());
    made.master = reader_.newest_key();
    made.key = ring_.make_key();
    made.wrapped = ring_.wrap(made.key, op.id);
    made.entries.reserve(2); // most end with the next
    made.entries.push_back(ring_.seal(made.key, context_of(op.id, 0), encode(op)));
    made.subjects.reserve(op.what.customers.empty() ? 0 : op.what.customers.front().identifiers.size());
    for (const customer& c : op.what.customers)
        for (const identifier& who : c.identifiers)
            for (const identifier& form : hashed_forms(who))
                made.subjects.push_back(ring_.subject(form));
    out.id = op.id;
    if (made.entries.front().size() <= largest_fresh) {
        tail_->contents().begin(std::move(made), tail_->news());
        return out;
    }
    // Behind all that is in the tail: keys are only ever added at the end, and of two operations under one
    // Idempotency-Key the later stays.
    result<void> done = fold();
    if (done.has_value()) done = tail_->put(made);
    if (done.has_error()) return done.error();
    keep_live(op.id, live_of(made));
    return out;
}

result<std::optional<std::string>> store::recall(const idempotency& given, wall_time now) {
    const result<void> loaded = tail_->load();
    if (loaded.has_error()) return loaded.error();
    const result<std::optional<begun>> earlier = replay(ring_.digests("idempotency", idempotency_text(given)),
                                                        ring_.digests("fingerprint", given.fingerprint), now);
    if (earlier.has_error()) return earlier.error();
    std::optional<std::string> id;
    if (*earlier) id = (**earlier).id;
    return id;
}

/// The operation that the key stands for, if it is known under any master key.
result<std::optional<begun>> store::replay(const std::vector<std::string>& hashes,
                                           const std::vector<std::string>& fingerprints, wall_time now) {
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        const fresh_operation* const fresh = tail_->contents().find_key(hashes[i]);
        if (fresh != nullptr && fresh->under->expires_at > milliseconds(now)) {
            if (fresh->under->fingerprint != fingerprints[i]) return errc::key_reused;
            begun out;
            out.id = fresh->id;
            out.replayed = true;
            return std::optional<begun>(std::move(out));
        }
        rows r = sql_.known_idempotency.query(blob{hashes[i]}, milliseconds(now));
        const result<bool> known = r.next();
        if (known.has_error()) return known.error();
        if (!*known) continue;
        if (r.bytes(0) != fingerprints[i]) return errc::key_reused;
        begun out;
        out.id = r.bytes(1);
        out.replayed = true;
        return std::optional<begun>(std::move(out));
    }
    return std::optional<begun>();
}

result<void> store::depart(const departure& leaving, flight_number number) {
    const result<void> loaded = tail_->load();
    if (loaded.has_error()) return loaded;
    fresh_flight f;
    f.vendor = to_string(leaving.to);
    f.at = milliseconds(leaving.at);
    f.steps = write_steps(leaving.steps);
    tail_->contents().depart(number, std::move(f), tail_->news());
    return {};
}

result<void> store::record(const std::vector<progress_record>& records, std::optional<flight_number> landed) {
    const result<void> loaded = tail_->load();
    if (loaded.has_error()) return loaded;
    for (const progress_record& r : records) {
        fresh_operation* const fresh = tail_->contents().find(r.id);
        const result<void> done = fresh ? record_fresh(*fresh, r) : record_one(r);
        if (done.has_error()) return done;
    }
    if (!landed || tail_->contents().land(*landed, tail_->news())) return {};
    return sql_.land.run(static_cast<std::int64_t>(*landed));
}

result<void> store::record_fresh(fresh_operation& op, const progress_record& r) {
    if (!r.changes.empty()) {
        const result<void> unlocked = reader_.unlock(op);
        if (unlocked.has_error()) return unlocked;
        const auto entry = static_cast<std::int64_t>(op.entries.size());
        std::string sealed = ring_.seal(op.key, context_of(op.id, entry), encode(r.changes));
        tail_->contents().append(op, std::move(sealed), tail_->news());
    }
    if (r.settled_at || r.reopened_at)
        tail_->contents().settle(op, milliseconds(r.settled_at), milliseconds(r.reopened_at), tail_->news());
    return {};
}

result<void> store::record_one(const progress_record& r) {
    auto known = live_.find(r.id);
    std::int64_t number = known == live_.end() ? 0 : known->second.number;
    if (known == live_.end()) {
        const result<std::optional<operation_head>> found = reader_.head_by_id(r.id);
        if (found.has_error()) return found.error();
        if (!*found) throw std::logic_error("record of an operation that was never begun");
        const operation_head& h = **found;
        number = h.number;
        if (h.key && !r.changes.empty()) {
            result<live> looked_up = look_up(h);
            if (looked_up.has_error()) return looked_up.error();
            keep_live(r.id, std::move(*looked_up));
            known = live_.find(r.id);
        } else if (!r.changes.empty()) {
            const result<void> done = add_residue(h, r.changes);
            if (done.has_error()) return done;
        }
    }
    if (known != live_.end() && !r.changes.empty()) {
        const result<void> done = append(r.id, known->second, r.changes);
        if (done.has_error()) return done;
    }
    if (!r.settled_at && !r.reopened_at) return {};
    if (r.settled_at) live_.erase(r.id);
    return sql_.settle.run(milliseconds(r.settled_at), milliseconds(r.reopened_at), number);
}

void store::keep_live(const std::string& id, live l) {
    if (live_.size() >= most_live) live_.clear();
    live_.insert_or_assign(id, std::move(l));
}

store::live store::live_of(const fresh_operation& op) {
    return {op.number, op.key, first_place(op.number) + static_cast<std::int64_t>(op.entries.size())};
}

result<void> store::fold() {
    const result<void> loaded = tail_->load();
    if (loaded.has_error()) return loaded;
    result<fresh_rows> folded = tail_->fold();
    if (folded.has_error()) return folded.error();
    for (const fresh_operation& op : folded->operations())
        if (!op.settled_at && !op.key.empty()) keep_live(op.id, live_of(op));
    return {};
}

result<store::live> store::look_up(const operation_head& h) {
    result<secret> key = reader_.unlock(h);
    if (key.has_error()) return key.error();
    const result<std::int64_t> last = reader_.last_place(h);
    if (last.has_error()) return last.error();
    return live{h.number, std::move(*key), *last + 1};
}

result<void> store::append(const std::string& id, live& l, const std::vector<change>& changes) {
    const std::int64_t entry = l.next_place - first_place(l.number);
    if (l.next_place >= first_place(l.number + 1)) throw std::logic_error("too many records of an operation");
    const std::string sealed = ring_.seal(l.key, context_of(id, entry), encode(changes));
    return sql_.add_entry.run(l.next_place++, blob{sealed});
}

result<void> store::undo_depart(flight_number number) {
    const result<void> folded = fold();
    if (folded.has_error()) return folded;
    return sql_.drop_flight.run(static_cast<std::int64_t>(number));
}

result<void> store::undo_begin(const std::string& id) {
    result<void> done = fold();
    if (done.has_error()) return done;
    const result<std::optional<operation_head>> found = reader_.head_by_id(id);
    if (found.has_error()) return found.error();
    if (!*found) return {};
    const operation_head& h = **found;
    live_.erase(id);
    const result<std::shared_ptr<operation>> op = reader_.load(h);
    if (op.has_error() && op.error().category() == category()) return op.error();
    if (op.has_value())
        for (const customer& c : (*op)->what.customers)
            for (const identifier& who : c.identifiers)
                for (const identifier& form : hashed_forms(who)) {
                    done = subjects_.remove({ring_.subject(form), h.number});
                    if (done.has_error()) return done;
                }
    done = sql_.drop_entries.run(first_place(h.number), first_place(h.number + 1));
    if (done.has_value()) done = sql_.drop_key.run(h.number);
    if (done.has_value()) done = sql_.drop_idempotency.run(h.number);
    if (done.has_value()) done = sql_.drop_operation.run(h.number);
    if (done.has_value()) done = wipe();
    return done;
}

result<void> store::beat() {
    return sql_.beat.run();
}

} // namespace offboard::journal::sqlite
