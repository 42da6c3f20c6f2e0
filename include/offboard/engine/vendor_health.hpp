#pragma once

#include "offboard/engine/event.hpp"
#include "offboard/policy/backoff.hpp"
#include "offboard/policy/breaker.hpp"
#include "offboard/policy/credential_hold.hpp"
#include "offboard/policy/failure_evidence.hpp"
#include "offboard/policy/pacer.hpp"
#include "offboard/policy/retry_budget.hpp"
#include "offboard/vendors/codec.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace offboard::engine {

/// What is known of a vendor: for each action, whether the vendor works and takes our credentials; for all
/// actions together, how many calls may start and when a retry may go. Owned by the vendor's queue. Pure.
class vendor_health {
public:
    struct rules {
        std::uint64_t calls = 0; ///< the budget: so many calls ...
        duration per{};          ///< ... in any window of this length
        policy::breaker::rules breaker;
        policy::backoff backoff;
        duration longest_pause{}; ///< the longest pause that the vendor may ask for
    };
    /// What is known for one action.
    struct kind {
        explicit kind(policy::breaker::rules r) : breaker(r) {}
        bool works(steady_time now) const {
            return breaker.at(now) == policy::breaker::state::closed && !hold.held();
        }
        policy::breaker breaker;
        policy::failure_evidence evidence;
        policy::credential_hold hold;
        bool pinged = false; ///< a call without effect succeeded since the breaker opened
    };

    explicit vendor_health(const rules&);

    kind& of(action a) { return kinds_[static_cast<std::size_t>(a)]; }
    const kind& of(action a) const { return kinds_[static_cast<std::size_t>(a)]; }
    const std::vector<kind>& kinds() const noexcept { return kinds_; }
    policy::pacer& pacer() noexcept { return pacer_; }
    const policy::pacer& pacer() const noexcept { return pacer_; }
    const policy::backoff& backoff() const noexcept { return rules_.backoff; }
    duration longest_open() const noexcept { return rules_.breaker.open; }
    /// Moving average of how long a call takes.
    duration latency() const noexcept { return latency_; }
    void took(duration call) noexcept { latency_ = (latency_ * 7 + call) / 8; }

    /// A call has ended. `down`: the vendor did not do its work. `customer`: the only one in the call; empty
    /// when there were several.
    void judge(action, policy::breaker::ticket, bool down, std::string_view customer, const moment&, events&);
    /// An answer with this status. `refused`: the answer refuses our credentials, those of `version`.
    void judge_credentials(action, unsigned status, bool refused, std::uint64_t version, steady_time now);
    /// Takes over what the answer says of the vendor's rate limit. `succeeded`: the call did what it was sent
    /// for. Returns the pause that the vendor asks for, which the pacer keeps from now on.
    std::optional<duration> apply_rate_limit(const incoming_response&, bool succeeded, std::size_t in_flight,
                                             const moment&, events&);
    /// When a call that failed is due again; `faults`: failed attempts so far. One moment for all its steps,
    /// so that they stay together.
    steady_time retry_at(action, std::uint32_t faults, std::optional<duration> asked, const moment&);
    /// A call was answered without a fault.
    void earn_retries(steady_time now) { retries_.succeeded(now); }

private:
    const rules rules_;
    std::vector<kind> kinds_; ///< by action
    policy::pacer pacer_;
    policy::retry_budget retries_;
    duration latency_ = std::chrono::milliseconds(200);
    steady_time lowered_until_{};        ///< budget_lowered is not told again before
    std::uint32_t throttled_in_row_ = 0; ///< answers 429
};

} // namespace offboard::engine
