#pragma once

#include "offboard/domain/action.hpp"
#include "offboard/domain/identifier.hpp"
#include "offboard/domain/vendor.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

/// The facts about every action, one row each. Everything else asks this table; nothing else decides by the
/// name of an action, but the codec that speaks to its vendor. A row without a field does not compile, and an
/// action without a row neither.
namespace offboard {

/// Whether a vendor keeps the person. What is erased cannot be brought back.
enum class effect { reversible, erasing };

/// The order of a customer's steps: a step waits, as the operation's erase_gate says, for the steps of all
/// phases before its own. Steps of one phase do not wait for each other.
enum class phase { withdraw, erase };

/// What becomes of a step when the answer never came. `freely`: it is sent again for as long as the operation
/// has time; the effect of two calls is that of one. `once`: it is sent again once, and is `unknown` then.
enum class resend { freely, once };

/// What a caller's key must allow for an action, besides being valid.
enum class permission { write, erase };

/// What a step is about, beside the customer: `step::target` counts in that list of the plan.
enum class target_kind { none, promotion, partner_program };

/// Which steps may share one vendor call.
enum class sharing {
    customers,        ///< any customers
    one_promotion,    ///< customers known by one kind of identifier, for one promotion
    one_customer,     ///< one customer, with all targets
    same_kept_fields, ///< customers of whom the same fields are kept
};

/// Whether the step names single earns (`earn_ids`) of its customer to the vendor.
enum class earns { not_named, may_be_named };

/// When `absent` is believed: after one identifier was not known, or after each kind that the customer has
/// and the call takes. See vendors/capillary/codes.hpp for why one kind proves little there.
enum class absence { by_one_identifier, by_every_identifier };

struct action_rule {
    /// All fields, so that none is forgotten. `after`: of the same target; must be OK before, whatever the
    /// gate says.
    consteval action_rule(offboard::action a, std::string_view n, offboard::vendor v, std::size_t most,
                          std::span<const identifier_kind> i, offboard::effect e, offboard::phase p,
                          offboard::resend r, offboard::permission s, target_kind t,
                          std::optional<offboard::action> first, offboard::sharing b, offboard::earns named,
                          offboard::absence gone)
        : action(a), name(n), vendor(v), customers_per_call(most), identifiers(i), effect(e), phase(p),
          resend(r), permission(s), target(t), after(first), sharing(b), earns(named), absence(gone) {}

    offboard::action action;
    std::string_view name; ///< `vendor.action`
    offboard::vendor vendor;
    std::size_t customers_per_call;               ///< the vendor's own cap
    std::span<const identifier_kind> identifiers; ///< that the call takes, the best first
    offboard::effect effect;
    offboard::phase phase;
    offboard::resend resend;
    offboard::permission permission;
    target_kind target;
    std::optional<offboard::action> after;
    offboard::sharing sharing;
    offboard::earns earns;
    offboard::absence absence;
};

/// One row for each action, in their order.
extern const std::array<action_rule, action_count> all_action_rules;

inline const action_rule& rule_of(action a) noexcept {
    return all_action_rules[static_cast<std::size_t>(a)];
}

inline vendor vendor_of(action a) noexcept {
    return rule_of(a).vendor;
}

/// How a plan asks for the action, below its vendor: the name behind the dot. Meant for actions without a
/// target.
inline std::string_view plan_member_of(action a) noexcept {
    const std::string_view name = rule_of(a).name;
    return name.substr(name.find('.') + 1);
}

/// Whether a step of the first rule waits for a step of the second one, both of one customer.
enum class wait { no, until_ok, by_gate };
wait wait_for(const action_rule& waiting, const action_rule& other, bool same_target) noexcept;

} // namespace offboard
