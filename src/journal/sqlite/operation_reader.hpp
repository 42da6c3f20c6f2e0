#pragma once

#include "../keyring.hpp"
#include "database.hpp"
#include "schema.hpp"
#include "subject_index.hpp"
#include "tail.hpp"

#include "offboard/journal/journal.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::journal::sqlite {

/// The columns of an operation.
struct operation_head {
    std::int64_t number = 0;
    std::string id;
    std::string caller;
    std::int64_t created_at = 0;
    std::optional<std::int64_t> settled_at;
    std::optional<std::int64_t> retried_at;
    std::optional<std::int64_t> key; ///< number of the master key; none: erased
};

/// Reads operations: their columns, their keys, and their entries in order. Owned by the store, on the
/// journal's thread. Errors as for the store.
class operation_reader {
public:
    /// The keyring outlives this.
    static result<operation_reader> make(database&, const keyring&, key_table);

    result<std::optional<operation_head>> head_by_id(std::string_view id);
    result<std::optional<operation_head>> head_by_number(std::int64_t);
    /// Number of the master key for operations to come.
    std::int64_t newest_key() const noexcept { return keys_.newest; }
    /// The operation's own key.
    result<secret> unlock(const operation_head&);
    result<void> unlock(fresh_operation&);
    /// The place of its last entry.
    result<std::int64_t> last_place(const operation_head&);
    result<std::shared_ptr<operation>> load(const operation_head&);
    result<std::shared_ptr<operation>> load(fresh_operation&);
    /// As store::unsettled().
    result<page> unsettled(cursor after, std::size_t most_operations, std::size_t most_steps,
                           std::vector<std::string>& skipped);
    /// As store::lookup(), over the tables and a tail that is loaded.
    result<std::vector<std::string>> lookup(const identifier&, std::size_t most, tail&, subject_index&);

private:
    struct statements {
        statement head_by_id, head_by_number, key_of, last_place, entries, unsettled;
    };
    operation_reader(const keyring& ring, key_table keys, statements prepared)
        : ring_(&ring), keys_(std::move(keys)), sql_(std::move(prepared)) {}

    static operation_head read_head(const rows&);
    static operation_head head_of(const fresh_operation&);
    static std::shared_ptr<operation> bare(const operation_head&);
    result<std::optional<operation_head>> one_head(rows);
    result<void> read_in(operation&, const secret* key, std::int64_t at, std::string_view text);

    const keyring* ring_;
    key_table keys_;
    statements sql_;
};

} // namespace offboard::journal::sqlite
