#include "fresh.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace offboard::journal::sqlite {

namespace {

enum class item : char { begin = 'b', append = 'a', settle = 's', depart = 'd', land = 'l' };

class item_writer {
public:
    item_writer(std::string& to, item what) : to_(to) { to_ += static_cast<char>(what); }

    item_writer& number(std::int64_t value) {
        auto left = static_cast<std::uint64_t>(value);
        char digits[10]; // 64 bits, by seven
        std::size_t count = 0;
        for (; left >= 0x80; left >>= 7)
            digits[count++] = static_cast<char>((left & 0x7f) | 0x80);
        digits[count++] = static_cast<char>(left);
        to_.append(digits, count);
        return *this;
    }
    item_writer& number(const std::optional<std::int64_t>& value) {
        number(value ? 1 : 0);
        return value ? number(*value) : *this;
    }
    item_writer& text(std::string_view value) {
        number(static_cast<std::int64_t>(value.size()));
        to_ += value;
        return *this;
    }

private:
    std::string& to_;
};

/// Never reads behind the end; what comes of a text that is not good means nothing.
class item_reader {
public:
    explicit item_reader(std::string_view from) : rest_(from) {}

    bool good() const noexcept { return good_; }
    bool more() const noexcept { return good_ && !rest_.empty(); }

    item what() { return static_cast<item>(byte()); }
    std::int64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; good_; shift += 7) {
            const auto b = static_cast<unsigned char>(byte());
            good_ = good_ && (shift < 63 || b <= 1);
            value |= std::uint64_t(b & 0x7fU) << (shift % 64);
            if (b < 0x80) break;
        }
        return static_cast<std::int64_t>(value);
    }
    std::optional<std::int64_t> maybe_number() {
        if (number() == 0) return std::nullopt;
        return number();
    }
    std::string text() { return std::string(view()); }

    template <std::size_t N>
    void bytes(std::array<char, N>& into) {
        const std::string_view from = view();
        good_ = good_ && from.size() == N;
        if (good_) from.copy(into.data(), N);
    }

private:
    std::string_view view() {
        const auto size = static_cast<std::uint64_t>(number());
        good_ = good_ && size <= rest_.size();
        if (!good_) return {};
        const std::string_view out = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return out;
    }
    char byte() {
        good_ = good_ && !rest_.empty();
        if (!good_) return 0;
        const char b = rest_.front();
        rest_.remove_prefix(1);
        return b;
    }

    std::string_view rest_;
    bool good_ = true;
};

void write(item_writer to, const fresh_operation& op) {
    to.number(op.number).text(op.id).text(op.caller).number(op.created_at).number(op.settled_at);
    to.number(op.steps).number(op.master).text(op.wrapped).text(op.entries.front());
    to.number(static_cast<std::int64_t>(op.subjects.size()));
    for (const subject_hash& hash : op.subjects)
        to.text({hash.data(), hash.size()});
    to.number(op.under ? 1 : 0);
    if (op.under) to.text(op.under->hash).text(op.under->fingerprint).number(op.under->expires_at);
}

fresh_operation read_operation(item_reader& from) {
    fresh_operation op;
    op.number = from.number();
    op.id = from.text();
    op.caller = from.text();
    op.created_at = from.number();
    op.settled_at = from.maybe_number();
    op.steps = from.number();
    op.master = from.number();
    op.wrapped = from.text();
    op.entries.push_back(from.text());
    for (std::int64_t n = from.number(); n > 0 && from.good(); --n)
        from.bytes(op.subjects.emplace_back());
    if (from.number() == 0) return op;
    fresh_operation::key_row& key = *(op.under = fresh_operation::key_row());
    key.hash = from.text();
    key.fingerprint = from.text();
    key.expires_at = from.number();
    return op;
}

void set_end(fresh_operation& op, std::optional<std::int64_t> settled_at,
             std::optional<std::int64_t> reopened_at) {
    op.settled_at = settled_at;
    if (reopened_at) op.retried_at = reopened_at;
}

} // namespace

fresh_operation* fresh_rows::keep(fresh_operation op) {
    if (by_id_.contains(op.id)) return nullptr;
    fresh_operation& kept = operations_.emplace_back(std::move(op));
    by_id_.emplace(kept.id, &kept);
    if (kept.under) {
        by_key_hash_.erase(kept.under->hash); // with the text of the one before
        by_key_hash_.emplace(kept.under->hash, &kept);
    }
    return &kept;
}

fresh_operation& fresh_rows::begin(fresh_operation op, std::string& text) {
    fresh_operation* const kept = keep(std::move(op));
    if (kept == nullptr) throw std::logic_error("an operation was begun twice");
    write({text, item::begin}, *kept);
    return *kept;
}

void fresh_rows::append(fresh_operation& op, std::string sealed, std::string& text) {
    item_writer(text, item::append).text(op.id).text(sealed);
    op.entries.push_back(std::move(sealed));
}

void fresh_rows::settle(fresh_operation& op, std::optional<std::int64_t> settled_at,
                        std::optional<std::int64_t> reopened_at, std::string& text) {
    item_writer(text, item::settle).text(op.id).number(settled_at).number(reopened_at);
    set_end(op, settled_at, reopened_at);
}

void fresh_rows::depart(flight_number number, fresh_flight f, std::string& text) {
    item_writer(text, item::depart)
        .number(static_cast<std::int64_t>(number))
        .text(f.vendor)
        .number(f.at)
        .text(f.steps);
    flights_.insert_or_assign(number, std::move(f));
}

bool fresh_rows::land(flight_number number, std::string& text) {
    const auto at = flights_.find(number);
    if (at == flights_.end()) return false;
    item_writer(text, item::land).number(static_cast<std::int64_t>(number));
    at->second.landed = true;
    return true;
}

bool fresh_rows::replay(std::string_view text) {
    for (item_reader from(text); from.more();) {
        switch (from.what()) {
        case item::begin: {
            fresh_operation op = read_operation(from);
            if (!from.good() || keep(std::move(op)) == nullptr) return false;
            break;
        }
        case item::append: {
            fresh_operation* const op = find(from.text());
            std::string sealed = from.text();
            if (!from.good() || op == nullptr) return false;
            op->entries.push_back(std::move(sealed));
            break;
        }
        case item::settle: {
            fresh_operation* const op = find(from.text());
            const std::optional<std::int64_t> settled_at = from.maybe_number();
            const std::optional<std::int64_t> reopened_at = from.maybe_number();
            if (!from.good() || op == nullptr) return false;
            set_end(*op, settled_at, reopened_at);
            break;
        }
        case item::depart: {
            const auto number = static_cast<flight_number>(from.number());
            fresh_flight f;
            f.vendor = from.text();
            f.at = from.number();
            f.steps = from.text();
            if (!from.good()) return false;
            flights_.insert_or_assign(number, std::move(f));
            break;
        }
        case item::land: {
            const auto at = flights_.find(static_cast<flight_number>(from.number()));
            if (!from.good() || at == flights_.end()) return false;
            at->second.landed = true;
            break;
        }
        default: return false;
        }
    }
    return true;
}

fresh_operation* fresh_rows::find(std::string_view id) {
    const auto at = by_id_.find(id);
    return at == by_id_.end() ? nullptr : at->second;
}

const fresh_operation* fresh_rows::find_key(const std::string& hash) const {
    const auto at = by_key_hash_.find(hash);
    return at == by_key_hash_.end() ? nullptr : at->second;
}

} // namespace offboard::journal::sqlite
