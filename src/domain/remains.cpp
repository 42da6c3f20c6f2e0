#include "offboard/domain/remains.hpp"

#include "offboard/domain/action_rules.hpp"
#include "offboard/domain/vendor_rules.hpp"

#include <algorithm>

namespace offboard {

namespace {

/// The vendor has said that the person is gone. `accepted` is a queue, and no proof.
bool said_gone(const step& s) {
    return s.outcome.status == step_status::succeeded || s.outcome.status == step_status::absent;
}

template <class Holds>
bool all_steps(const operation& op, vendor v, effect e, Holds holds) {
    return std::ranges::all_of(op.steps, [&](const step& s) {
        const action_rule& rule = rule_of(s.action);
        return rule.vendor != v || rule.effect != e || holds(s);
    });
}

bool plans(const std::bitset<action_count>& planned, vendor v, effect e) {
    return std::ranges::any_of(all_action_rules, [&](const action_rule& rule) {
        return rule.vendor == v && rule.effect == e && planned.test(static_cast<std::size_t>(rule.action));
    });
}

void add_kept_fields(const operation& op, vendor v, std::vector<remainder>& out) {
    const bool keeps = std::ranges::any_of(all_action_rules, [&](const action_rule& rule) {
        return rule.vendor == v && rule.sharing == sharing::same_kept_fields;
    });
    if (!keeps) return;
    for (const std::string& field : op.what.plan.keep)
        out.push_back({v, field, "kept by the plan"});
}

} // namespace

std::vector<remainder> what_remains(const operation& op, const std::bitset<vendor_count>& configured) {
    std::vector<remainder> out;
    const std::bitset<action_count> planned = op.what.plan.actions();
    for (const vendor v : all_vendors) {
        if (!configured.test(static_cast<std::size_t>(v))) continue;
        const vendor_rule& rule = rule_of(v);
        if (plans(planned, v, effect::erasing)) {
            if (all_steps(op, v, effect::erasing, said_gone))
                add_kept_fields(op, v, out);
            else
                out.push_back({v, "profile", rule.erasing_unproven});
        } else if (plans(planned, v, effect::reversible)) {
            const absent_rule absent = op.what.absent;
            const bool done =
                all_steps(op, v, effect::reversible, [&](const step& s) { return is_ok(s, absent); });
            out.push_back({v, "profile", done ? rule.leaves : rule.leaves_undone});
        } else {
            out.push_back({v, "profile", "not in the plan"});
        }
    }
    return out;
}

} // namespace offboard
