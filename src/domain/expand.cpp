#include "offboard/domain/operation.hpp"

#include <algorithm>
#include <array>

namespace offboard {

namespace {

// The contract's order of preference, per action.
constexpr std::array lapse_kinds = {identifier_kind::email, identifier_kind::mention_me_customer_id};
constexpr std::array revoke_kinds = {identifier_kind::capillary_id, identifier_kind::mobile,
                                     identifier_kind::email};
constexpr std::array delink_kinds = {identifier_kind::mobile, identifier_kind::email,
                                     identifier_kind::external_id};
constexpr std::array forget_kinds = {identifier_kind::billing_customer_id,
                                     identifier_kind::billing_subscription_id,
                                     identifier_kind::billing_order_id};

void add(std::vector<step>& steps, const customer& who, std::size_t index, action what, std::size_t target) {
    step s;
    s.action = what;
    s.customer = static_cast<std::uint32_t>(index);
    s.target = static_cast<std::uint32_t>(target);
    if (const identifier* id = identifier_for(who, what)) {
        s.who = *id;
        s.outcome.code = "waiting";
    } else {
        s.outcome.status = step_status::skipped;
        s.outcome.code = "no_identifier";
    }
    steps.push_back(std::move(s));
}

} // namespace

const identifier* customer::find(identifier_kind kind) const noexcept {
    const auto at = std::find_if(identifiers.begin(), identifiers.end(),
                                 [&](const identifier& i) { return i.kind == kind; });
    return at == identifiers.end() ? nullptr : &*at;
}

std::span<const identifier_kind> kinds_for(action a) noexcept {
    switch (a) {
    case action::lapse: return lapse_kinds;
    case action::delink: return delink_kinds;
    case action::forget: return forget_kinds;
    case action::revoke_earn:
    case action::revoke_enrol: return revoke_kinds;
    }
    return {};
}

const identifier* identifier_for(const customer& who, action what) noexcept {
    return identifier_for(who, what, {});
}

const identifier* identifier_for(const customer& who, action what,
                                 std::span<const identifier_kind> asked) noexcept {
    for (const auto kind : kinds_for(what)) {
        if (std::ranges::find(asked, kind) != asked.end()) continue;
        if (const identifier* id = who.find(kind)) return id;
    }
    return nullptr;
}

std::vector<step> expand(const offboarding& what, std::vector<std::uint32_t>& first_step) {
    std::vector<step> steps;
    first_step.clear();
    for (std::size_t c = 0; c < what.customers.size(); ++c) {
        const customer& who = what.customers[c];
        first_step.push_back(static_cast<std::uint32_t>(steps.size()));
        if (what.plan.lapse) add(steps, who, c, action::lapse, 0);
        for (std::size_t p = 0; p < what.plan.revoke.size(); ++p) {
            add(steps, who, c, action::revoke_earn, p);
            if (what.plan.revoke[p].kind == promotion_kind::enrol_and_issue)
                add(steps, who, c, action::revoke_enrol, p);
        }
        for (std::size_t p = 0; p < what.plan.partner_programs.size(); ++p)
            add(steps, who, c, action::delink, p);
        if (what.plan.forget) add(steps, who, c, action::forget, 0);
    }
    first_step.push_back(static_cast<std::uint32_t>(steps.size()));
    return steps;
}

} // namespace offboard
