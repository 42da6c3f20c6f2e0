#include "offboard/domain/operation.hpp"

#include <algorithm>

namespace offboard {

namespace {

enum class gate { open, waiting, shut };

/// The customer's steps as far as gates go by them; gates found shut on the way are among them.
using standings = std::vector<decision>;

standings standings_of(const operation& op, std::size_t first, std::size_t last) {
    standings out;
    for (std::size_t i = first; i < last; ++i) {
        const step& s = op.steps[i];
        out.push_back(s.decided.value_or(decision{s.outcome.status, is_ok(s)}));
    }
    return out;
}

constexpr std::size_t earn_ids_a_step = 25;

/// Whether step `i` may go, must wait for others, or can never go; `blockers` gets the actions that keep it
/// shut.
gate gate_of(const operation& op, std::size_t i, std::size_t first, const standings& now,
             std::vector<action>& blockers) {
    const step& s = op.steps[i];
    if (s.action != action::revoke_enrol && s.action != action::forget) return gate::open;
    bool waiting = false;
    for (std::size_t k = 0; k < now.size(); ++k) {
        const step& other = op.steps[first + k];
        if (first + k == i) continue;
        const bool earn_first = s.action == action::revoke_enrol && other.action == action::revoke_earn &&
                                other.target == s.target;
        const bool erase_last = s.action == action::forget && op.what.gate != erase_gate::none;
        if (!earn_first && !erase_last) continue;
        const bool must_be_ok = earn_first || op.what.gate == erase_gate::all_ok;
        if (!is_settled(now[k].status))
            waiting = true;
        else if (must_be_ok && !now[k].ok && std::ranges::find(blockers, other.action) == blockers.end())
            blockers.push_back(other.action);
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

std::size_t weight_of(const operation& op) noexcept {
    std::size_t earn_ids = 0;
    for (const customer& c : op.what.customers)
        earn_ids += c.earn_ids.size();
    return op.steps.size() + earn_ids / earn_ids_a_step;
}

gate_news look_at_gates(const operation& op, std::size_t c) {
    gate_news news;
    const auto [first, last] = op.steps_of(c);
    standings now = standings_of(op, first, last);
    // In plan order, so that a step skipped here counts before a later step (forget is last) is looked at.
    for (std::size_t i = first; i < last; ++i) {
        if (is_settled(now[i - first].status) || op.steps[i].stage != stage::held) continue;
        std::vector<action> blockers;
        switch (gate_of(op, i, first, now, blockers)) {
        case gate::open: news.open.push_back(i); break;
        case gate::waiting: break;
        case gate::shut:
            now[i - first] = {step_status::skipped, false};
            news.shut.push_back({i, std::move(blockers)});
            break;
        }
    }
    return news;
}

std::vector<std::size_t> reopen(operation& op) {
    std::vector<std::size_t> opened;
    const auto put_back = [&](std::size_t i) {
        step& s = op.steps[i];
        s.outcome = {};
        s.outcome.code = "waiting";
        s.blocked_by.clear();
        s.stage = stage::held;
        // One more try whose answer may be lost: that is what the operator asks for.
        s.history.lost = std::min(s.history.lost, 1u);
        opened.push_back(i);
    };
    for (std::size_t c = 0; c < op.what.customers.size(); ++c) {
        const auto [first, last] = op.steps_of(c);
        const std::size_t before = opened.size();
        for (std::size_t i = first; i < last; ++i) {
            const step& s = op.steps[i];
            // Whom it was about the journal has forgotten, or his outcome is on its way.
            if (s.decided || !s.who || s.who->value.empty()) continue;
            if (s.outcome.status == step_status::unknown ||
                (s.outcome.status == step_status::failed && s.outcome.retryable))
                put_back(i);
        }
        if (opened.size() == before) continue;
        // Only behind gates that may open now; a gate that something else keeps shut stays shut.
        for (std::size_t i = first; i < last; ++i) {
            const step& s = op.steps[i];
            if (s.outcome.status != step_status::skipped || s.blocked_by.empty() || s.decided) continue;
            std::vector<action> blockers;
            if (gate_of(op, i, first, standings_of(op, first, last), blockers) != gate::shut) put_back(i);
        }
    }
    std::ranges::sort(opened);
    return opened;
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
