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

bool expand_more(const offboarding& what, std::size_t most, std::vector<step>& steps,
                 std::vector<std::uint32_t>& first_step) {
    const std::vector<plan_step> each = what.plan.steps();
    const std::size_t all = what.customers.size();
    if (first_step.empty()) {
        steps.reserve(all * each.size());
        first_step.reserve(all + 1);
    }
    for (std::size_t done = 0; done < most && first_step.size() < all; done += each.size()) {
        const std::size_t c = first_step.size();
        first_step.push_back(static_cast<std::uint32_t>(steps.size()));
        for (const plan_step& one : each)
            add(steps, what.customers[c], c, one.what, one.target);
    }
    if (first_step.size() < all) return true;
    first_step.push_back(static_cast<std::uint32_t>(steps.size()));
    return false;
}

std::vector<step> expand(const offboarding& what, std::vector<std::uint32_t>& first_step) {
    std::vector<step> steps;
    first_step.clear();
    expand_more(what, std::size_t(-1), steps, first_step);
    return steps;
}

} // namespace offboard
