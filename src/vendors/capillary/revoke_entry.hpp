#pragma once

#include "codes.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace offboard::vendors::capillary {

/// One entry of a revoke answer's `response`. It names its customer by `entityId` at most, and only where
/// there is a result.
struct entry {
    enum class kind {
        unreadable,  ///< no entry of any known shape
        failure,     ///< has errors
        success,     ///< no errors, and the id that proves a revocation
        not_applied, ///< no errors, no id, warning 8890
        unconfirmed, ///< no errors, no id
    };
    kind what = kind::unreadable;
    bool has_result = false;
    std::optional<std::int64_t> entity_id;
    std::vector<std::int64_t> earn_ids;
    std::optional<std::int64_t> issual_id;
    std::vector<fault> errors;
    fault warning; ///< of not_applied

    /// Errors and nothing else: the entry names no customer, and tells of nothing that was done.
    bool is_plain_failure() const noexcept { return what == kind::failure && !has_result; }
    std::optional<std::int64_t> code() const noexcept {
        return errors.empty() ? std::nullopt : errors.front().code;
    }
};

entry read_entry(const boost::json::value&, action);

/// What an entry means for the place it is known to be about.
verdict judge(const entry&, const batch&, const place&);

} // namespace offboard::vendors::capillary
