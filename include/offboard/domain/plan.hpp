#pragma once

#include "offboard/base/document.hpp"
#include "offboard/domain/action_rules.hpp"
#include "offboard/domain/step.hpp"

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard {

/// When the steps that erase may go: after every other step of the customer settled OK, after they settled at
/// all, or at once.
enum class erase_gate { all_ok, settled, none };
enum class missing_identifier { reject, skip };
enum class promotion_kind { enrol_and_issue, direct_issue };

std::string_view to_string(erase_gate) noexcept;

/// A loyalty promotion at Capillary. Exactly one of promotion_id and promo_identifier is set.
struct promotion {
    std::int64_t program_id = 0;
    std::string promotion_id;
    std::string promo_identifier;
    promotion_kind kind = promotion_kind::enrol_and_issue;
    bool operator==(const promotion&) const = default;
};

/// How a request is to be carried out; each member may come from the request, else from its plan, else the
/// default.
struct options {
    std::optional<offboard::erase_gate> erase_gate;
    std::optional<offboard::missing_identifier> missing_identifier;
    std::optional<bool> dry_run;
    std::optional<absent_rule> absent;
};

/// One step of a plan: what to do, and to which of the plan's targets.
struct plan_step {
    action what;
    std::uint32_t target = 0; ///< index among the targets of the action's kind; 0 where it has none
};

/// What is done with a customer, in the words of the contract.
struct plan {
    std::bitset<action_count> direct; ///< by number: the actions without a target that are asked for
    std::vector<promotion> revoke;
    std::vector<std::string> partner_programs;
    std::vector<std::string> keep; ///< fields billing.forget preserves; each is on Trackfinity's list
    offboard::options defaults;

    /// A customer's steps, in the order in which they are listed: `see` gets a plan_step of each. What is not
    /// listed here is not done.
    template <class See>
    void for_each_step(See see) const {
        see_direct(phase::withdraw, see);
        for (std::uint32_t i = 0; i < revoke.size(); ++i) {
            see(plan_step{action::revoke_earn, i});
            if (revoke[i].kind == promotion_kind::enrol_and_issue) see(plan_step{action::revoke_enrol, i});
        }
        for (std::uint32_t i = 0; i < partner_programs.size(); ++i)
            see(plan_step{action::delink, i});
        see_direct(phase::erase, see);
    }
    /// Asks for an action without a target, or does not.
    void set(action a, bool wanted = true) { direct.set(static_cast<std::size_t>(a), wanted); }
    std::vector<plan_step> steps() const;
    std::size_t step_count() const noexcept;
    /// The actions among them, by their number.
    std::bitset<action_count> actions() const noexcept;
    bool has(action a) const noexcept { return actions().test(static_cast<std::size_t>(a)); }
    bool uses(vendor) const noexcept;
    bool empty() const noexcept { return actions().none(); }
    /// How many targets of a kind there are; 1 of none.
    std::size_t targets(target_kind) const noexcept;

private:
    template <class See>
    void see_direct(phase when, See& see) const {
        for (const action_rule& rule : all_action_rules)
            if (rule.phase == when && direct.test(static_cast<std::size_t>(rule.action)))
                see(plan_step{rule.action, 0});
    }
};

/// Capillary takes at most this many partner programmes for one customer (its code 2008).
inline constexpr std::size_t most_partner_programs = 50;

/// Reads a plan, as it stands under `plans.<name>` of the configuration or under `steps` of a request. Every
/// fault is added to `faults` with its pointer below `where`; the value is only meaningful when none was.
plan read_plan(const document&, std::string_view where, fault_list& faults);
options read_options(const document&, std::string_view where, fault_list& faults);

/// The fields and tables Trackfinity can keep (docs.trackfinity.com, forget customer), in its order. An
/// unknown name would be ignored there and the data erased, so names are checked here, before anything is
/// sent.
bool is_keep_field(std::string_view name) noexcept;

} // namespace offboard
