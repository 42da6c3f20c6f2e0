// Operations found by id and by person; and their erasure.
#include "../hashed_forms.hpp"
#include "../record_codec.hpp"
#include "layout.hpp"
#include "store.hpp"

#include <algorithm>
#include <iterator>

namespace offboard::journal::sqlite {

result<std::shared_ptr<operation>> store::find(std::string_view id) {
    const result<void> loaded = tail_->load();
    if (loaded.has_error()) return loaded.error();
    if (fresh_operation* const fresh = tail_->contents().find(id)) return reader_.load(*fresh);
    const result<std::optional<operation_head>> found = reader_.head_by_id(id);
    if (found.has_error()) return found.error();
    if (!*found) return errc::not_found;
    return reader_.load(**found);
}

result<void> store::erase(std::int64_t number) {
    const result<std::optional<operation_head>> found = reader_.head_by_number(number);
    if (found.has_error()) return found.error();
    if (!*found) return {};
    live_.erase((*found)->id);
    const result<std::shared_ptr<operation>> op = reader_.load(**found);
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

result<void> store::write_residue(const operation_head& h, operation& op) {
    erase_person(op);
    const std::string plain = encode(op);
    const result<void> done = sql_.drop_entries.run(first_place(h.number), first_place(h.number + 1));
    if (done.has_error()) return done;
    return sql_.add_entry.run(first_place(h.number), blob{plain});
}

/// Progress of an operation whose person has been forgotten already: into the residue, without the person.
result<void> store::add_residue(const operation_head& h, const std::vector<change>& changes) {
    const result<std::shared_ptr<operation>> op = reader_.load(h);
    if (op.has_error()) return op.error();
    const result<void> done = apply(changes, **op);
    if (done.has_error()) return done;
    return write_residue(h, **op);
}

} // namespace offboard::journal::sqlite
