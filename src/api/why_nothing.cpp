#include "why_nothing.hpp"

#include <algorithm>

namespace offboard::api {

namespace {

bool is_erased(const step& s) noexcept {
    return s.who && s.who->value.empty();
}

} // namespace

idle_reason why_nothing_to_retry(const operation& op) noexcept {
    const auto ok = [&](const step& s) { return is_ok(s, op.what.absent); };
    const auto waits = [](const step& s) { return !is_settled(s.outcome.status); };
    if (std::ranges::all_of(op.steps, ok))
        return {"nothing to retry", "There is nothing to retry: every step is OK."};
    // A retry would need the identifier, which is gone for good.
    if (std::ranges::any_of(op.steps, [&](const step& s) { return !ok(s) && is_erased(s); }))
        return {"erased", "The identifiers have been erased: nothing can be sent again."};
    if (std::ranges::any_of(op.steps, waits))
        return {"nothing to retry", "There is nothing to retry: what is not OK is still at work."};
    const auto ended = [&](step_status s) {
        return std::ranges::any_of(op.steps, [&](const step& each) { return each.outcome.status == s; });
    };
    if (ended(step_status::cancelled) && !ended(step_status::failed))
        return {"cancelled", "The steps that are not OK were cancelled: they are not retried."};
    return {"not retryable", "No step that is not OK is retryable: sending it again would change nothing."};
}

idle_reason why_nothing_to_cancel(const operation& op) noexcept {
    const auto waits = [](const step& s) { return !is_settled(s.outcome.status); };
    const auto cancelled = [](const step& s) { return s.outcome.status == step_status::cancelled; };
    if (op.stopped || std::ranges::any_of(op.steps, cancelled))
        return {"cancelled", "The operation has been cancelled before: nothing is left to cancel."};
    if (std::ranges::any_of(op.steps, waits))
        return {"not cancellable", "What is unsettled has been sent to its vendor: it goes on to its end."};
    return {"nothing to cancel", "There is nothing to cancel: every step is settled."};
}

} // namespace offboard::api
