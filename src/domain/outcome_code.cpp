#include "offboard/domain/outcome_code.hpp"

#include <algorithm>

namespace offboard {

namespace {

struct code_row {
    consteval code_row(outcome_code c, std::string_view w, std::string_view e)
        : code(c), word(w), explanation(e) {}
    outcome_code code;
    std::string_view word;
    std::string_view explanation;
};

constexpr std::array<code_row, outcome_code_count> code_table = {
    // Waiting
    code_row(outcome_code::waiting, "waiting",
             "in line, in a call, or behind a step that it has to wait for. Poll."),
    // Done
    code_row(outcome_code::queued, "queued", "the vendor has taken it and does it later. Nothing."),
    code_row(outcome_code::revoked, "revoked", "the promotion is revoked. Nothing."),
    code_row(outcome_code::already_revoked, "already_revoked", "there was nothing left to revoke. Nothing."),
    code_row(outcome_code::delinked, "delinked", "the partner programme is delinked. Nothing."),
    code_row(outcome_code::already_delinked, "already_delinked", "it was not linked any more. Nothing."),
    code_row(outcome_code::forgotten, "forgotten", "the customer is forgotten. Nothing."),
    code_row(outcome_code::not_found, "not_found",
             "the vendor has no such customer. Nothing, or check the identifier."),
    // Not done, by plan or by command
    code_row(outcome_code::not_applicable, "not_applicable",
             "a promotion of this kind has no enrolment. Nothing, or correct `kind` in the plan."),
    code_row(outcome_code::no_identifier, "no_identifier",
             "the customer has none that this step can use. Send one if the step matters."),
    code_row(outcome_code::gate_shut, "gate_shut",
             "the steps of `blocked_by` were not OK. Retry the operation once they can be."),
    code_row(outcome_code::cancelled, "cancelled",
             "stopped by `POST …/cancel`. Send the customer again if it is wanted after all."),
    // Refused, for the customer's sake or the plan's; the vendor's own words stand in `vendor`
    code_row(outcome_code::refused, "refused", "for a reason that has no name here. Read `vendor`."),
    code_row(outcome_code::rejected, "rejected",
             "the vendor takes the call for wrong (400, 413, 422, …). Check the identifier."),
    code_row(outcome_code::not_applied, "not_applied",
             "there was nothing that could be revoked, says a warning. Read `vendor`."),
    code_row(outcome_code::earn_ids_invalid, "earn_ids_invalid",
             "earns of `earn_ids` are not the customer's, or revoked already. Check them."),
    code_row(outcome_code::not_enrolled, "not_enrolled",
             "the customer has to be in the loyalty programme first. Check the customer."),
    code_row(outcome_code::already_linked, "already_linked",
             "the vendor says \"linked\" to a delinking. Ask the vendor."),
    code_row(outcome_code::promotion_inactive, "promotion_inactive",
             "the promotion is not active. Take it out of the plan, or have it activated."),
    code_row(outcome_code::promotion_invalid, "promotion_invalid",
             "there is no such promotion. Correct the plan."),
    code_row(outcome_code::promotion_missing, "promotion_missing",
             "the promotion was not named fully. Correct the plan."),
    code_row(outcome_code::program_invalid, "program_invalid",
             "there is no such `program_id`. Correct the plan."),
    code_row(outcome_code::programme_not_found, "programme_not_found",
             "there is no such partner programme. Correct the plan."),
    code_row(outcome_code::programme_tier_not_found, "programme_tier_not_found",
             "the partner programme has no such tier. Ask the vendor."),
    code_row(outcome_code::too_many_programmes, "too_many_programmes",
             "more partner programmes than a call may have. Shorten the plan."),
    code_row(outcome_code::not_supported, "not_supported",
             "this kind of promotion cannot be revoked so. Correct `kind` in the plan."),
    code_row(outcome_code::batch_refused, "batch_refused",
             "the vendor takes a call for too large. Have `max_batch` lowered."),
    code_row(outcome_code::entity_type_invalid, "entity_type_invalid",
             "the vendor does not take customers here. Report it."),
    code_row(outcome_code::identifier_missing, "identifier_missing",
             "the vendor misses the identifier or `source`. Report it."),
    code_row(outcome_code::user_group_refused, "user_group_refused",
             "the promotion does not allow this user group. Ask the vendor."),
    // The vendor's state, or settings of the gateway; a `pending` step is tried again by itself
    code_row(outcome_code::vendor_unreachable, "vendor_unreachable",
             "no connection to the vendor. Wait; retry when it is back."),
    code_row(outcome_code::vendor_error, "vendor_error",
             "the vendor failed at it (5xx). Wait; retry when it is well."),
    code_row(outcome_code::vendor_busy, "vendor_busy",
             "the vendor said \"not now\" (503, 521, 4001), did nothing, and it is no attempt. Wait."),
    code_row(outcome_code::rate_limited, "rate_limited",
             "the vendor said 429 or 461, did nothing, and it is no attempt. Wait."),
    code_row(
        outcome_code::vendor_auth, "vendor_auth",
        "the vendor refuses the gateway's credentials. While the step is `pending` it waits until the vendor "
        "takes them; `failed` when the time for that is over. Have them mended; retry what has failed."),
    code_row(outcome_code::redirected, "redirected",
             "the vendor answers with a redirect. Have `base_url` checked, then retry."),
    code_row(outcome_code::ambiguous_404, "ambiguous_404",
             "no such customer, or a wrong host, path or merchant. Find out which, then retry."),
    code_row(outcome_code::given_up, "given_up", "it waited for `give_up_after` and was never sent. Retry."),
    code_row(outcome_code::not_configured, "not_configured",
             "the vendor is in the configuration no more. Have it put back, then retry."),
    code_row(outcome_code::erased, "erased",
             "retention took the identifier before it was sent. Send the customer again."),
    code_row(outcome_code::internal_error, "internal_error", "a fault of the gateway's. Report it; retry."),
    // Sent, and it is not known whether it was done: look the customer up at the vendor, and retry if not
    code_row(outcome_code::outcome_unknown, "outcome_unknown",
             "the answer was lost, and repeating the call could do harm."),
    code_row(outcome_code::ambiguous_answer, "ambiguous_answer",
             "the answer does not say which customer it is about."),
    code_row(outcome_code::contradictory_answer, "contradictory_answer", "the answer says yes and no."),
    code_row(outcome_code::unreadable_answer, "unreadable_answer",
             "the answer is not what this vendor answers. Have `base_url` checked first."),
    code_row(outcome_code::unexpected_body, "unexpected_body",
             "the body is neither of the two that the vendor has. Have `base_url` checked first."),
    code_row(outcome_code::unconfirmed, "unconfirmed",
             "there is no error, and nothing that proves that it was done."),
    code_row(
        outcome_code::earns_unconfirmed, "earns_unconfirmed",
        "some of `earn_ids` are not among those that the vendor says were revoked; or it calls them invalid "
        "after an earlier try that may have revoked them, and has one code for both."),
    code_row(outcome_code::entity_mismatch, "entity_mismatch", "the answer names another customer."),
    code_row(outcome_code::vendor_omitted, "vendor_omitted", "the answer does not mention the customer."),
};

constexpr bool codes_in_order() {
    for (std::size_t i = 0; i < code_table.size(); ++i)
        if (static_cast<std::size_t>(code_table[i].code) != i) return false;
    return true;
}
static_assert(codes_in_order(), "one row for each code, in the order of the enumeration");

} // namespace

std::string_view to_string(outcome_code c) noexcept {
    return code_table[static_cast<std::size_t>(c)].word;
}

std::string_view explanation_of(outcome_code c) noexcept {
    return code_table[static_cast<std::size_t>(c)].explanation;
}

std::optional<outcome_code> outcome_code_from(std::string_view word) noexcept {
    if (word == "vendor_throttled") return outcome_code::vendor_busy; // until November 2026
    const auto* at = std::ranges::find(code_table, word, &code_row::word);
    return at == code_table.end() ? std::nullopt : std::optional(at->code);
}

} // namespace offboard
