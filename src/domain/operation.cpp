#include "offboard/domain/operation.hpp"

#include <algorithm>

namespace offboard {

namespace {

enum class gate { open, waiting, shut };

/// Whether `s` may go, must wait for others, or can never go; `blockers` gets the actions that keep it shut.
gate gate_of(const operation& op, const step& s, std::vector<action>& blockers) {
    if (s.action != action::revoke_enrol && s.action != action::forget) return gate::open;
    const auto [first, last] = op.steps_of(s.customer);
    const auto block = [&](const step& other) {
        if (std::find(blockers.begin(), blockers.end(), other.action) == blockers.end())
            blockers.push_back(other.action);
    };
    bool waiting = false;
    for (std::size_t i = first; i < last; ++i) {
        const step& other = op.steps[i];
        if (&other == &s) continue;
        const bool earn_first = s.action == action::revoke_enrol && other.action == action::revoke_earn &&
                                other.target == s.target;
        const bool erase_last = s.action == action::forget && op.what.gate != erase_gate::none;
        if (!earn_first && !erase_last) continue;
        const bool must_be_ok = earn_first || op.what.gate == erase_gate::all_ok;
        if (!is_settled(other.outcome.status))
            waiting = true;
        else if (must_be_ok && !is_ok(other))
            block(other);
    }
    if (!blockers.empty()) return gate::shut;
    return waiting ? gate::waiting : gate::open;
}

} // namespace

std::pair<std::size_t, std::size_t> operation::steps_of(std::size_t c) const noexcept {
    return {first_step[c], first_step[c + 1]};
}

std::string_view to_string(progress p) noexcept {
    switch (p) {
    case progress::ok: return "ok";
    case progress::partial: return "partial";
    case progress::failed: return "failed";
    case progress::pending: return "pending";
    }
    return "";
}

std::vector<std::size_t> open_gates(operation& op, std::size_t c) {
    std::vector<std::size_t> ready;
    const auto [first, last] = op.steps_of(c);
    // In plan order, so that a step skipped here is settled before a later step (forget is last) looks at it.
    for (std::size_t i = first; i < last; ++i) {
        step& s = op.steps[i];
        if (is_settled(s.outcome.status) || s.dispatched) continue;
        std::vector<action> blockers;
        switch (gate_of(op, s, blockers)) {
        case gate::open: ready.push_back(i); break;
        case gate::waiting: break;
        case gate::shut:
            s.outcome = {};
            s.outcome.status = step_status::skipped;
            s.outcome.code = "gate_shut";
            s.blocked_by = std::move(blockers);
            break;
        }
    }
    return ready;
}

progress progress_of(const operation& op, std::size_t c) noexcept {
    const auto [first, last] = op.steps_of(c);
    bool all_ok = true;
    bool any_done = false;
    for (std::size_t i = first; i < last; ++i) {
        const step& s = op.steps[i];
        if (!is_settled(s.outcome.status)) return progress::pending;
        all_ok = all_ok && is_ok(s);
        any_done = any_done || (is_ok(s) && s.outcome.status != step_status::skipped);
    }
    if (all_ok) return progress::ok;
    return any_done ? progress::partial : progress::failed;
}

summary recount(const operation& op) noexcept {
    summary out;
    out.customer_count = op.what.customers.size();
    for (std::size_t c = 0; c < out.customer_count; ++c)
        ++out.customers[static_cast<std::size_t>(progress_of(op, c))];
    for (const step& s : op.steps)
        ++out.steps[static_cast<std::size_t>(s.outcome.status)];
    return out;
}

progress progress_of(const summary& s) noexcept {
    const auto count = [&](progress p) { return s.customers[static_cast<std::size_t>(p)]; };
    if (count(progress::pending) > 0) return progress::pending;
    if (count(progress::ok) == s.customer_count) return progress::ok;
    return count(progress::failed) == s.customer_count ? progress::failed : progress::partial;
}

bool is_settled(const operation& op) noexcept {
    return std::all_of(op.steps.begin(), op.steps.end(),
                       [](const step& s) { return is_settled(s.outcome.status); });
}

} // namespace offboard
