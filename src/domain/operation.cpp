#include "offboard/domain/operation.hpp"

#include "offboard/domain/action_rules.hpp"

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
        out.push_back(s.decided.value_or(decision{s.outcome.status, is_ok(s, op.what.absent)}));
    }
    return out;
}

constexpr std::size_t earn_ids_a_step = 25;

/// Whether step `i` may go, must wait for others, or can never go; `blockers` gets the actions that keep it
/// shut.
gate gate_of(const operation& op, std::size_t i, std::size_t first, const standings& now,
             std::vector<action>& blockers) {
    const step& s = op.steps[i];
    const action_rule& rule = rule_of(s.action);
    bool waiting = false;
    for (std::size_t k = 0; k < now.size(); ++k) {
        const step& other = op.steps[first + k];
        if (first + k == i) continue;
        const wait why = wait_for(rule, rule_of(other.action), other.target == s.target);
        if (why == wait::no || (why == wait::by_gate && op.what.gate == erase_gate::none)) continue;
        const bool must_be_ok = why == wait::until_ok || op.what.gate == erase_gate::all_ok;
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
    case progress::unknown: return "unknown";
    case progress::pending: return "pending";
    }
    return "";
}

std::size_t steps_of(const offboarding& what) noexcept {
    return what.plan.step_count() * what.customers.size();
}

std::size_t weight_of(const offboarding& what) noexcept {
    std::size_t named = 0; // ids on the wire: each promotion's step names all of its customer's
    for (const customer& c : what.customers)
        named += c.earn_ids.size() * what.plan.revoke.size();
    return steps_of(what) + named / earn_ids_a_step;
}

std::size_t weight_of(const operation& op) noexcept {
    return weight_of(op.what);
}

gate_news look_at_gates(const operation& op, std::size_t c) {
    gate_news news;
    const auto [first, last] = op.steps_of(c);
    standings now = standings_of(op, first, last);
    // In plan order, so that a step skipped here counts before a step of a later phase is looked at.
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
            // Retention has erased the identifier, or the outcome is being recorded.
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

namespace {

/// A gate that shut for no other reason than that an outcome is unknown.
bool shut_by_unknown(const operation& op, const step& s, std::size_t first, std::size_t last) noexcept {
    for (std::size_t i = first; i < last; ++i) {
        const step& other = op.steps[i];
        const bool blocks =
            &other != &s && std::ranges::find(s.blocked_by, other.action) != s.blocked_by.end();
        if (blocks && !is_ok(other, op.what.absent) && other.outcome.status != step_status::unknown &&
            !(other.outcome.status == step_status::skipped && shut_by_unknown(op, other, first, last)))
            return false;
    }
    return true;
}

} // namespace

progress progress_of(const operation& op, std::size_t c) noexcept {
    const auto [first, last] = op.steps_of(c);
    bool all_ok = true;
    bool any_done = false;
    bool any_unknown = false;
    bool any_wrong = false;
    for (std::size_t i = first; i < last; ++i) {
        const step& s = op.steps[i];
        const step_status status = s.outcome.status;
        if (!is_settled(status)) return progress::pending;
        const bool ok = is_ok(s, op.what.absent);
        all_ok = all_ok && ok;
        any_done = any_done || status == step_status::accepted || status == step_status::succeeded ||
                   status == step_status::absent;
        any_unknown = any_unknown || status == step_status::unknown;
        any_wrong = any_wrong || status == step_status::failed || status == step_status::cancelled ||
                    (status == step_status::skipped && !ok && !shut_by_unknown(op, s, first, last));
    }
    if (all_ok) return progress::ok;
    if (any_unknown && !any_wrong) return progress::unknown;
    return any_done ? progress::partial : progress::failed;
}

void summary::add(const operation& op, std::size_t c) noexcept {
    ++customer_count;
    ++customers[static_cast<std::size_t>(progress_of(op, c))];
    const auto [first, last] = op.steps_of(c);
    for (std::size_t i = first; i < last; ++i)
        ++steps[static_cast<std::size_t>(op.steps[i].outcome.status)];
}

summary recount(const operation& op) noexcept {
    summary out;
    for (std::size_t c = 0; c < op.what.customers.size(); ++c)
        out.add(op, c);
    return out;
}

progress progress_of(const summary& s) noexcept {
    const auto count = [&](progress p) { return s.customers[static_cast<std::size_t>(p)]; };
    if (count(progress::pending) > 0) return progress::pending;
    if (count(progress::ok) == s.customer_count) return progress::ok;
    if (count(progress::failed) == s.customer_count) return progress::failed;
    const bool wrong = count(progress::failed) + count(progress::partial) > 0;
    return wrong ? progress::partial : progress::unknown;
}

bool is_settled(const operation& op) noexcept {
    return std::all_of(op.steps.begin(), op.steps.end(),
                       [](const step& s) { return is_settled(s.outcome.status); });
}

} // namespace offboard
