#include "offboard/engine/settlement.hpp"

#include "offboard/vendors/codec.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace offboard::engine {

namespace {

/// By id rather than by address, so that two lives of one seed are one.
bool comes_before(const settlement& a, const settlement& b) {
    if (a.op != b.op) return a.op->id < b.op->id;
    return std::tuple(a.step, a.settles()) < std::tuple(b.step, b.settles());
}

bool waits(const step& s) noexcept {
    return !is_settled(s.outcome.status) && (s.stage == stage::held || s.stage == stage::queued);
}

} // namespace

void order(settlements& news) {
    std::ranges::sort(news, comes_before);
}

void decide(const settlements& news) {
    for (const settlement& n : news) {
        if (!n.settles()) continue;
        step& s = n.what();
        s.stage = stage::deciding;
        s.decided = {n.outcome.status, is_ok(n.outcome.status, !n.blocked_by.empty(), n.op->what.absent)};
    }
}

settlement skip_of(const std::shared_ptr<operation>& op, gate_news::shut_step shut) {
    settlement skip;
    skip.op = op;
    skip.step = static_cast<std::uint32_t>(shut.step);
    skip.outcome.status = step_status::skipped;
    skip.outcome.code = outcome_code::gate_shut;
    skip.blocked_by = std::move(shut.blocked_by);
    return skip;
}

settlements shut_gates(const settlements& news) {
    settlements skipped;
    const operation* op = nullptr;
    std::uint32_t customer = 0;
    for (const settlement& n : news) {
        const std::uint32_t whose = n.what().customer;
        if (!n.settles() || (op == n.op.get() && customer == whose)) continue;
        op = n.op.get();
        customer = whose;
        for (gate_news::shut_step& shut : look_at_gates(*op, customer).shut)
            skipped.push_back(skip_of(n.op, std::move(shut)));
    }
    return skipped;
}

std::size_t count_waiting(const operation& op) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(op.steps, waits));
}

settlements cancel_waiting(const std::shared_ptr<operation>& op, std::size_t& customer, std::size_t most) {
    settlements out;
    const std::size_t first = op->steps_of(customer).first;
    // Whole customers: a gate must not look shut because a part of its customer was cancelled before.
    for (; customer < op->what.customers.size() && op->steps_of(customer).first - first < most; ++customer) {
        const auto [from, end] = op->steps_of(customer);
        for (std::size_t i = from; i < end; ++i) {
            const step& s = op->steps[i];
            if (!waits(s)) continue;
            settlement& stop = out.emplace_back();
            stop.op = op;
            stop.step = static_cast<std::uint32_t>(i);
            if (s.history.acted_before) {
                stop.outcome = vendors::lost_outcome();
                continue;
            }
            stop.outcome.status = step_status::cancelled;
            stop.outcome.code = outcome_code::cancelled;
        }
    }
    return out;
}

bool is_in_flight(const operation& op) noexcept {
    return std::ranges::any_of(
        op.steps, [](const step& s) { return s.stage == stage::in_flight && !is_settled(s.outcome.status); });
}

void apply(settlement& n) {
    if (!n.settles()) return;
    step& s = n.what();
    s.outcome = std::move(n.outcome);
    s.blocked_by = std::move(n.blocked_by);
    s.decided.reset();
}

} // namespace offboard::engine
