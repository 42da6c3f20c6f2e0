#include "offboard/domain/action_rules.hpp"
#include "offboard/domain/operation.hpp"

#include <algorithm>

namespace offboard {

namespace {

void add(std::vector<step>& steps, const customer& who, std::size_t index, action what, std::size_t target) {
    step s;
    s.action = what;
    s.customer = static_cast<std::uint32_t>(index);
    s.target = static_cast<std::uint32_t>(target);
    if (const identifier* id = identifier_for(who, what)) {
        s.who = *id;
    } else {
        s.outcome.status = step_status::skipped;
        s.outcome.code = outcome_code::no_identifier;
    }
    steps.push_back(std::move(s));
}

} // namespace

const identifier* customer::find(identifier_kind kind) const noexcept {
    const auto at = std::find_if(identifiers.begin(), identifiers.end(),
                                 [&](const identifier& i) { return i.kind == kind; });
    return at == identifiers.end() ? nullptr : &*at;
}

const identifier* identifier_for(const customer& who, action what) noexcept {
    return identifier_for(who, what, {});
}

const identifier* identifier_for(const customer& who, action what,
                                 std::span<const identifier_kind> asked) noexcept {
    for (const auto kind : rule_of(what).identifiers) {
        if (std::ranges::find(asked, kind) != asked.end()) continue;
        if (const identifier* id = who.find(kind)) return id;
    }
    return nullptr;
}

std::vector<step> expand(const offboarding& what, std::vector<std::uint32_t>& first_step) {
    const std::vector<plan_step> each = what.plan.steps();
    std::vector<step> steps;
    first_step.clear();
    for (std::size_t c = 0; c < what.customers.size(); ++c) {
        const customer& who = what.customers[c];
        first_step.push_back(static_cast<std::uint32_t>(steps.size()));
        for (const plan_step& one : each)
            add(steps, who, c, one.what, one.target);
    }
    first_step.push_back(static_cast<std::uint32_t>(steps.size()));
    return steps;
}

} // namespace offboard
