#pragma once

#include "../answer.hpp"
#include "../scope.hpp"
#include "offboard/vendors/codec.hpp"

#include <boost/json/array.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Capillary's codes (docs.capillarytech.com: API status codes, revoke loyalty promotions, partner program)
/// and what each means for a place.
namespace offboard::vendors::capillary {

/// Which call a row is for: the same number never lends one call's meaning to the other.
enum class call { any, revoke, delink };

/// When a row counts, for codes that mean more than one thing. The first row that fits decides.
enum class condition {
    always,
    of_enrolment,   ///< the call revokes enrolments
    fresh_earn_ids, ///< earns were named, and no earlier attempt of ours can have revoked them
    named_earn_ids, ///< earns were named
    first_time,     ///< no earlier attempt of ours may have acted
    says_enrol,     ///< the message speaks of enrolling (any case)
    says_linked,    ///< the message speaks of being linked (any case)
};

struct row {
    std::int64_t code;
    outcome_code meaning; ///< ours
    scope whose;
    step_status status;
    bool retryable;
    next then;
    call in = call::any;
    condition when = condition::always;
};

/// One item of an `errors` or `warnings` list, or a `status` object.
struct fault {
    std::optional<std::int64_t> code;
    std::string message;
};

/// The items of a list. Nothing when the member is there but is no list; missing and null are empty lists.
std::optional<std::vector<fault>> read_faults(const boost::json::object*, std::string_view name);

/// The row for a fault, null when the code is not known.
const row* find(const fault&, const batch&, const place&) noexcept;

/// What a fault means for a place. An unknown code is a refusal of that customer, kept with code and words.
verdict judge(const fault&, const batch&, const place&);

/// Several faults of one place: the first decides, unless its verdict would count as OK and another's would
/// not. Two that would count as OK for different reasons contradict each other. `faults` is not empty.
verdict judge(const std::vector<fault>& faults, const batch&, const place&);

/// `request` or `customer`; credentials are the request's. A code that is not known counts as one customer's.
scope scope_of(const fault&, const batch&) noexcept;

/// True when the code shows that the vendor turned the place down before doing anything.
bool surely_did_nothing(const fault&, const batch&, const place&) noexcept;

/// The envelope of a call that failed as a whole, `{"errors":[…],"warnings":[…]}`. `faults` is not empty.
/// With an unknown code the HTTP status decides, if it is not a 2xx. Where the rest of `body` says "all well"
/// nothing counts as OK.
std::vector<verdict> judge_envelope(const std::vector<fault>& faults, const batch&, unsigned status,
                                    const boost::json::object* body);

} // namespace offboard::vendors::capillary
