#pragma once

#include "codes.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace offboard::vendors::capillary {

/// One of the vendor's `{status, message, code}` objects.
struct status_object {
    std::optional<bool> status;
    std::optional<std::int64_t> code;
    std::string message;

    bool says_done(std::int64_t good) const noexcept { return status == true && code == good; }
    bool says_failed(std::int64_t good) const noexcept { return status == false && code && *code != good; }
    bool same_as(const status_object& o) const noexcept { return status == o.status && code == o.code; }
    fault as_fault() const { return {code, message}; }
};

inline constexpr std::int64_t programme_done = 200;
inline constexpr std::int64_t customer_found = 1000;

/// A delink answer in either shape, brought to one. Borrows the answer's tree.
struct delink_report {
    struct programme {
        std::string_view name;
        status_object status;
        bool two_statuses = false;  ///< one of each shape, and they differ
        bool errors_beside = false; ///< the entry tells of an error as well
    };
    status_object customer;
    std::optional<std::int64_t> customer_id;
    std::vector<programme> programmes;
    bool errors_beside = false; ///< the answer lists errors of the whole call as well

    /// The programme of that name, exactly; `twice` when it is there more than once with different results.
    const programme* find(std::string_view name, bool& twice) const noexcept;
    bool any_done() const noexcept;
};

/// Why there is no report: the answer has no customer entry at all, or it cannot be read.
enum class no_report { without_customer, garbled };

std::optional<delink_report> read_delink(const boost::json::object* body, no_report& why);

} // namespace offboard::vendors::capillary
