#include "offboard/domain/action_rules.hpp"

#include <algorithm>
#include <array>

namespace offboard {

namespace {

using enum identifier_kind;

constexpr std::array lapse_kinds = {email, mention_me_customer_id};
constexpr std::array revoke_kinds = {capillary_id, mobile, email};
constexpr std::array delink_kinds = {mobile, email, external_id};
constexpr std::array forget_kinds = {billing_customer_id, billing_subscription_id, billing_order_id};

} // namespace

/// A customer who leaves keeps no earn: a repeat of revoke_earn that takes earns granted in between does no
/// harm.
constexpr std::array<action_rule, action_count> all_action_rules = {
    action_rule(action::lapse, "mention_me.lapse", vendor::mention_me, 100, lapse_kinds, effect::reversible,
                phase::withdraw, resend::freely, permission::write, target_kind::none, std::nullopt,
                sharing::customers, earns::not_named, absence::by_one_identifier),
    action_rule(action::revoke_earn, "capillary.revoke_earn", vendor::capillary, 100, revoke_kinds,
                effect::reversible, phase::withdraw, resend::freely, permission::write,
                target_kind::promotion, std::nullopt, sharing::one_promotion, earns::may_be_named,
                absence::by_every_identifier),
    action_rule(action::revoke_enrol, "capillary.revoke_enrol", vendor::capillary, 100, revoke_kinds,
                effect::reversible, phase::withdraw, resend::freely, permission::write,
                target_kind::promotion, action::revoke_earn, sharing::one_promotion, earns::not_named,
                absence::by_every_identifier),
    action_rule(action::delink, "capillary.delink", vendor::capillary, 1, delink_kinds, effect::reversible,
                phase::withdraw, resend::freely, permission::write, target_kind::partner_program,
                std::nullopt, sharing::one_customer, earns::not_named, absence::by_every_identifier),
    action_rule(action::purge, "mention_me.purge", vendor::mention_me, 100, lapse_kinds, effect::erasing,
                phase::erase, resend::once, permission::erase, target_kind::none, std::nullopt,
                sharing::customers, earns::not_named, absence::by_one_identifier),
    action_rule(action::forget, "billing.forget", vendor::billing, 1, forget_kinds, effect::erasing,
                phase::erase, resend::once, permission::erase, target_kind::none, std::nullopt,
                sharing::same_kept_fields, earns::not_named, absence::by_one_identifier),
};

namespace {

constexpr bool actions_in_order() {
    for (std::size_t i = 0; i < action_count; ++i)
        if (all_action_rules[i].action != all_actions[i] || static_cast<std::size_t>(all_actions[i]) != i)
            return false;
    return true;
}
static_assert(actions_in_order(), "one row for each action, in the order of the enumeration");

constexpr bool is_careful(const action_rule& r) {
    if (r.identifiers.empty() || r.customers_per_call == 0) return false;
    if (r.effect == effect::reversible) return true;
    return r.phase == phase::erase && r.resend == resend::once && r.permission == permission::erase;
}
static_assert(std::ranges::all_of(all_action_rules, is_careful),
              "what erases goes last, is sent again once at most, and needs its own permission");

} // namespace

std::string_view to_string(action a) noexcept {
    return rule_of(a).name;
}

wait wait_for(const action_rule& waiting, const action_rule& other, bool same_target) noexcept {
    if (waiting.after == other.action && waiting.target == other.target && same_target) return wait::until_ok;
    return other.phase < waiting.phase ? wait::by_gate : wait::no;
}

} // namespace offboard
