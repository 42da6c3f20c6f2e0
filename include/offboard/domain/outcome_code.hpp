#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace offboard {

/// Why a step has the status that it has. To callers the set is open: a release may add codes. Words and
/// explanations stand in one table (outcome_code.cpp), and openapi.yaml repeats them.
enum class outcome_code : std::uint8_t {
    // Waiting
    waiting,
    // Done
    queued,
    revoked,
    already_revoked,
    delinked,
    already_delinked,
    forgotten,
    not_found,
    // Not done, by plan or by command
    not_applicable,
    no_identifier,
    gate_shut,
    cancelled,
    // Refused, for the customer's sake or the plan's; the vendor's own words stand in `vendor`
    refused,
    rejected,
    not_applied,
    earn_ids_invalid,
    not_enrolled,
    already_linked,
    promotion_inactive,
    promotion_invalid,
    promotion_missing,
    program_invalid,
    programme_not_found,
    programme_tier_not_found,
    too_many_programmes,
    not_supported,
    batch_refused,
    entity_type_invalid,
    identifier_missing,
    user_group_refused,
    // The vendor's state, or settings of the gateway; a `pending` step is tried again by itself
    vendor_unreachable,
    vendor_error,
    vendor_busy,
    rate_limited,
    vendor_auth,
    redirected,
    ambiguous_404,
    given_up,
    not_configured,
    erased,
    internal_error,
    // Sent, and it is not known whether it was done: look the customer up at the vendor, and retry if not
    outcome_unknown,
    ambiguous_answer,
    contradictory_answer,
    unreadable_answer,
    unexpected_body,
    unconfirmed,
    earns_unconfirmed,
    entity_mismatch,
    vendor_omitted,
};
inline constexpr std::size_t outcome_code_count = static_cast<std::size_t>(outcome_code::vendor_omitted) + 1;

/// The word in answers, logs, metrics and records of the journal. No release may change one.
std::string_view to_string(outcome_code) noexcept;

/// What it means and what to do about it, as openapi.yaml says.
std::string_view explanation_of(outcome_code) noexcept;

/// Words of earlier releases are understood. Nothing for any other text.
std::optional<outcome_code> outcome_code_from(std::string_view word) noexcept;

} // namespace offboard
