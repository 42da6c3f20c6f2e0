#pragma once

#include "../keyring.hpp"

#include "offboard/base/secret.hpp"
#include "offboard/journal/journal.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace offboard::journal::sqlite {

/// An operation that is not in the tables yet: what its rows will be.
struct fresh_operation {
    /// The Idempotency-Key that it was begun under, if any; hashed.
    struct key_row {
        std::string hash;
        std::string fingerprint;
        std::int64_t expires_at = 0;
    };

    std::int64_t number = 0;
    std::string id;
    std::string caller;
    std::int64_t created_at = 0;
    std::optional<std::int64_t> settled_at;
    std::optional<std::int64_t> retried_at;
    std::int64_t steps = 0;
    std::int64_t master = 0;            ///< number of the master key that wraps its own
    std::string wrapped;                ///< its own key
    std::vector<subject_hash> subjects; ///< their hashes
    std::optional<key_row> under;
    std::vector<std::string> entries; ///< sealed, in order

    secret key; ///< its own, plain; none after it was read back
};

struct fresh_flight {
    std::string vendor;
    std::int64_t at = 0;
    std::string steps;
    bool landed = false;
};

/// Operations and departures that were written one after the other, and are not in the tables yet.
///
/// Each change is also put behind a text, from which replay() makes the same again: numbers as base 128,
/// texts behind their length. What is sealed in the tables is sealed here.
class fresh_rows {
public:
    fresh_rows() = default;
    fresh_rows(fresh_rows&&) = default;
    fresh_rows& operator=(fresh_rows&&) = default;

    /// Throws std::logic_error for an id that is here already.
    fresh_operation& begin(fresh_operation, std::string& text);
    void append(fresh_operation&, std::string sealed, std::string& text);
    void settle(fresh_operation&, std::optional<std::int64_t> settled_at,
                std::optional<std::int64_t> reopened_at, std::string& text);
    void depart(flight_number, fresh_flight, std::string& text);
    /// False: it is not here.
    bool land(flight_number, std::string& text);

    /// False when it is not what the others wrote.
    bool replay(std::string_view text);

    fresh_operation* find(std::string_view id);
    /// By the hash of an Idempotency-Key.
    const fresh_operation* find_key(const std::string& hash) const;

    bool empty() const noexcept { return operations_.empty() && flights_.empty(); }
    /// In the order in which they were begun.
    const std::deque<fresh_operation>& operations() const noexcept { return operations_; }
    const std::map<flight_number, fresh_flight>& flights() const noexcept { return flights_; }

private:
    fresh_operation* keep(fresh_operation);

    std::deque<fresh_operation> operations_; ///< none moves
    std::unordered_map<std::string_view, fresh_operation*> by_id_;
    std::unordered_map<std::string_view, const fresh_operation*> by_key_hash_; ///< the latest
    std::map<flight_number, fresh_flight> flights_;
};

} // namespace offboard::journal::sqlite
