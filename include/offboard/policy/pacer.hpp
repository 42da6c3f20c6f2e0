#pragma once

#include "offboard/policy/budget.hpp"

namespace offboard::policy {

/// When the next call of a credential may start. One for all lanes of a vendor: writes, retries and
/// read-backs ask it alike. Sans-I/O; owned by the vendor's queue, one thread; `now` never goes back.
///
/// A few calls may go at once (allowance()); behind them calls are spaced over what the window has left, so
/// that no call waits minutes for an empty budget. The spacing is the tightest at which, going on like
/// that, no call ever finds the budget empty: about one second at 300 per 5 min. Unused time earns the
/// allowance back at the same rate. The vendor's own count, once lower, is spread over the time to its reset.
/// After a 429 it starts again with a single call, not a burst.
///
/// A budget of 100,000 calls a second or more is none: calls are neither counted nor spaced then, only held.
class pacer {
public:
    pacer(std::uint64_t calls, duration per);

    /// The earliest time the next call may start: `now`, or later, or `never` (once a call in flight has
    /// ended: ask again then). Asked at the time it gave, it may give a later one. Sooner is possible after
    /// finished() only.
    steady_time ready_at(steady_time now);
    bool ready(steady_time now) { return ready_at(now) <= now; }

    /// As in budget.
    void started(steady_time now);
    void finished(steady_time now);
    void observe(const vendor_count&, steady_time now);
    void hold(steady_time until, steady_time now);
    void restore(std::vector<budget::spent>, steady_time now);

    /// About when the `calls`-th call from now may start, if all of them wait already. For the ETA.
    steady_time forecast(std::uint64_t calls, steady_time now);
    /// The time between calls once the allowance is spent.
    duration spacing(steady_time now);

    /// Calls that may go at once after a quiet time: a thirtieth of the budget (10 of 300, 33 of 1,000);
    /// three of a budget of 9 to 119, fewer of a smaller one, at least one.
    double allowance() const noexcept;
    const budget& slots() const noexcept { return budget_; }
    /// There is no budget: slots() counts nothing.
    bool unlimited() const noexcept { return unlimited_; }

private:
    void refresh(steady_time now);
    void replan(steady_time now);

    budget budget_;
    bool unlimited_;
    steady_time held_until_{}; ///< where unlimited_
    double banked_ = 0;        ///< calls that may go at once; whole ones do
    double rate_ = 0;          ///< calls a second at which `banked_` grows
    steady_time at_{};         ///< of `banked_`
    steady_time stale_{};
};

} // namespace offboard::policy
