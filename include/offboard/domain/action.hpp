#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace offboard {

/// What a step does, in the order in which a customer's steps are listed. All facts about an action stand in
/// action_rules.hpp.
enum class action { lapse, revoke_earn, revoke_enrol, delink, purge, forget };

inline constexpr std::array all_actions = {action::lapse,  action::revoke_earn, action::revoke_enrol,
                                           action::delink, action::purge,       action::forget};
inline constexpr std::size_t action_count = all_actions.size();

/// `mention_me.lapse`, `capillary.revoke_earn`, …: the step's name in every answer, log, metric and record of
/// the journal. No release may change one.
std::string_view to_string(action) noexcept;

} // namespace offboard
