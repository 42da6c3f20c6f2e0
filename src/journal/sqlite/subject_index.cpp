#include "subject_index.hpp"

#include "layout.hpp"

#include <algorithm>
#include <string>

namespace offboard::journal::sqlite {

namespace {

constexpr std::int64_t operations_an_era = 1 << 14;
constexpr std::int64_t buckets_an_era = 64;
/// Room for the rows of a bucket: more than an era of the largest operations takes.
constexpr std::int64_t rows_a_bucket = std::int64_t(1) << 32;

/// As a posting lies in a row: the hash, and which operation of its era (2 bytes, the low one first).
constexpr std::size_t hash_size = std::tuple_size_v<subject_hash>;
constexpr std::size_t posting_size = hash_size + 2;
/// With what SQLite writes about it, a row of this size fits a page of 4096 bytes.
constexpr std::size_t row_size = 4050 / posting_size * posting_size;

std::int64_t first_row(std::int64_t era, const subject_hash& hash) {
    const auto bucket = static_cast<unsigned char>(hash.front()) % buckets_an_era;
    return (era * buckets_an_era + bucket) * rows_a_bucket;
}
std::int64_t first_row(const subject_index::posting& e) {
    return first_row(e.operation / operations_an_era, e.hash);
}

std::string text_of(const subject_index::posting& e) {
    std::string out(posting_size, '\0');
    std::ranges::copy(e.hash, out.begin());
    put_number(out.data() + hash_size, static_cast<std::uint64_t>(e.operation % operations_an_era), 2);
    return out;
}

/// Which operation of its era a posting is about.
std::int64_t which(std::string_view posting) {
    return static_cast<std::int64_t>(get_number(posting.substr(hash_size, 2)));
}

} // namespace

result<subject_index> subject_index::make(database& db) {
    subject_index made;
    const result<void> prepared = db.prepare({
        {&made.last_,
         "SELECT place, text FROM subject WHERE place >= ? AND place < ? ORDER BY place DESC LIMIT 1"},
        {&made.rows_, "SELECT place, text FROM subject WHERE place >= ? AND place < ?"},
        {&made.newest_first_,
         "SELECT place, text FROM subject WHERE place >= ? AND place < ? ORDER BY place DESC"},
        {&made.insert_, "INSERT INTO subject(place, text) VALUES(?, ?)"},
        {&made.update_, "UPDATE subject SET text = ?2 WHERE place = ?1"},
    });
    if (prepared.has_error()) return prepared.error();
    return made;
}

result<void> subject_index::add(std::vector<posting> all) {
    std::ranges::stable_sort(all, {}, [](const posting& e) { return first_row(e); });
    for (auto at = all.begin(); at != all.end();) {
        const std::int64_t first = first_row(*at);
        const auto end = std::find_if(at, all.end(), [&](const posting& e) { return first_row(e) != first; });
        std::int64_t place = first;
        std::string text;
        bool is_new = true;
        {
            rows r = last_.query(first, first + rows_a_bucket);
            const result<bool> any = r.next();
            if (any.has_error()) return any.error();
            if (*any) {
                is_new = r.bytes(1).size() >= row_size;
                place = r.integer(0) + (is_new ? 1 : 0);
                if (!is_new) text = r.bytes(1);
                if (text.size() % posting_size != 0) return damage();
            }
        }
        while (at != end) {
            for (; at != end && text.size() < row_size; ++at)
                text += text_of(*at);
            const result<void> done = (is_new ? insert_ : update_).run(place++, blob{text});
            if (done.has_error()) return done;
            text.clear();
            is_new = true;
        }
    }
    return {};
}

result<std::vector<std::int64_t>> subject_index::find(const subject_hash& hash, std::int64_t newest,
                                                      std::size_t most) {
    const std::string_view wanted(hash.data(), hash.size());
    std::vector<std::int64_t> out;
    for (std::int64_t era = newest / operations_an_era; era >= 0 && out.size() < most; --era) {
        const std::size_t had = out.size();
        const std::int64_t first = first_row(era, hash);
        rows r = rows_.query(first, first + rows_a_bucket);
        result<bool> more = r.next();
        for (; more.has_value() && *more; more = r.next()) {
            std::string_view text = r.bytes(1);
            if (text.size() % posting_size != 0) return damage();
            for (; !text.empty(); text.remove_prefix(posting_size))
                if (text.starts_with(wanted)) out.push_back(era * operations_an_era + which(text));
        }
        if (more.has_error()) return more.error();
        const auto begin = out.begin() + static_cast<std::ptrdiff_t>(had);
        std::sort(begin, out.end(), std::greater<>());
        out.erase(std::unique(begin, out.end()), out.end());
    }
    return out;
}

result<void> subject_index::remove(const posting& e) {
    const std::string wanted = text_of(e);
    const std::int64_t first = first_row(e);
    std::int64_t place = 0;
    std::string left;
    {
        rows r = newest_first_.query(first, first + rows_a_bucket);
        bool found = false;
        result<bool> more = r.next();
        for (; more.has_value() && *more && !found; more = r.next()) {
            place = r.integer(0);
            left = r.bytes(1);
            if (left.size() % posting_size != 0) return damage();
            for (std::size_t at = 0; at < left.size() && !found; at += posting_size) {
                found = left.compare(at, posting_size, wanted) == 0;
                if (found) left.erase(at, posting_size);
            }
        }
        if (more.has_error()) return more.error();
        if (!found) return {};
    }
    return update_.run(place, blob{left});
}

result<void> pack_subjects(database& db) {
    constexpr std::size_t at_once = 50'000;
    result<subject_index> into = subject_index::make(db);
    if (into.has_error()) return into.error();
    result<statement> all = db.prepare("SELECT hash, operation FROM subject_2");
    if (all.has_error()) return all.error();
    std::vector<subject_index::posting> some;
    rows r = all->query();
    result<bool> more = r.next();
    for (; more.has_value() && *more; more = r.next()) {
        subject_index::posting& e = some.emplace_back();
        const std::string_view hash = r.bytes(0);
        e.operation = r.integer(1);
        if (hash.size() != hash_size || e.operation < 0) return damage();
        hash.copy(e.hash.data(), hash.size());
        if (some.size() < at_once) continue;
        const result<void> done = into->add(std::move(some));
        if (done.has_error()) return done;
        some.clear();
    }
    if (more.has_error()) return more.error();
    return into->add(std::move(some));
}

} // namespace offboard::journal::sqlite
