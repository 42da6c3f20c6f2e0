#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/domain/action.hpp"
#include "offboard/domain/identifier.hpp"
#include "offboard/domain/outcome_code.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard {

/// Closed set; see the contract's table of step statuses.
enum class step_status { pending, accepted, succeeded, absent, skipped, failed, unknown, cancelled };
inline constexpr std::size_t step_status_count = 8;

std::string_view to_string(step_status) noexcept;
bool is_settled(step_status) noexcept;

/// What a vendor said about one step, beside the status. Shown to the caller only: a vendor's words may
/// repeat personal data.
struct vendor_detail {
    std::optional<std::int64_t> code;
    std::string message;
    std::string reason;
    std::optional<std::int64_t> entity_id;
    std::vector<std::int64_t> revoked_earn_ids;
    std::optional<std::int64_t> revoked_issual_id;
    /// Kinds of identifiers that were asked about and answered "no such customer", in the order of the tries.
    /// One kind proves little at Capillary: a customer may be known there by another one.
    std::vector<identifier_kind> absent_by;
    bool empty() const noexcept {
        return !code && message.empty() && reason.empty() && !entity_id && revoked_earn_ids.empty() &&
               !revoked_issual_id && absent_by.empty();
    }
};

/// What became of a step. `code` is finer than the status, and fit for logs and metrics. `retryable`: an
/// operator's retry may help.
struct outcome {
    step_status status = step_status::pending;
    outcome_code code = outcome_code::waiting;
    bool retryable = false;
    vendor_detail vendor;
};

/// What earlier tries of a step left behind, for the next one to know.
struct history {
    std::uint32_t lost = 0;    ///< tries that may have reached the vendor and had no answer
    bool acted_before = false; ///< an earlier try may have had its effect
    bool in_doubt = false;     ///< the effect of an earlier try is not known
    bool operator==(const history&) const = default;
};

/// Where a step is on its way, beside its status; not remembered by the journal.
enum class stage {
    held,      ///< its gate is not open yet, or was not looked at
    queued,    ///< waits in a lane, or for another try
    in_flight, ///< in a vendor call
    deciding,  ///< its outcome is known and being made durable; nothing may be sent for it
};

/// An outcome as far as gates go by it.
struct decision {
    step_status status = step_status::pending;
    bool ok = false;
};

/// One step of one customer: what is to be done, to whom, and how far it is.
struct step {
    offboard::action action = offboard::action::lapse;
    std::uint32_t customer = 0;    ///< index in the operation
    std::optional<identifier> who; ///< none: skipped for want of one, or erased by the journal
    std::uint32_t target = 0;      ///< index in the plan's promotions or partner programmes
    offboard::outcome outcome;     ///< `pending` with the last reason as code until it settles
    std::uint32_t attempts = 0;    ///< vendor calls this step was in
    offboard::history history;
    std::vector<offboard::action> blocked_by; ///< set when a gate stayed shut
    offboard::stage stage = offboard::stage::held;
    std::uint32_t generation = 0;    ///< times it was queued; a queued step of an earlier generation is void
    steady_time due{};               ///< while `queued`: not before, after a failed try
    std::optional<decision> decided; ///< while `deciding`: what `outcome` is about to be
};

/// Whether a step that is `absent` counts as OK: options.absent.
enum class absent_rule { ok, not_ok };
std::string_view to_string(absent_rule) noexcept;

/// OK in the contract's sense: accepted, succeeded, absent (unless the rule says otherwise), or skipped for
/// any reason but a shut gate.
bool is_ok(const step&, absent_rule) noexcept;
bool is_ok(step_status, bool gate_shut, absent_rule) noexcept;

} // namespace offboard
