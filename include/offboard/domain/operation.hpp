#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/domain/plan.hpp"
#include "offboard/domain/step.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace offboard {

inline constexpr std::size_t most_customers = 1000;
/// Bounds of one operation, for its factors are bounded too loosely: the steps that it expands to, and its
/// weight (see weight_of()). What is beyond is refused before anything is made of it.
inline constexpr std::size_t most_steps = 100'000;
inline constexpr std::size_t most_weight = 100'000;

/// One customer of a request, as the caller gave it.
struct customer {
    std::string ref;                     ///< the caller's own; empty: none given
    std::vector<identifier> identifiers; ///< at most one of each kind
    std::string source;                  ///< Capillary's `source` in capitals; empty: the configured one
    std::vector<std::int64_t> earn_ids;  ///< empty: every earn

    const identifier* find(identifier_kind) const noexcept;
};

/// A request after validation: what an operation is made from.
struct offboarding {
    std::string plan_name; ///< empty when `steps` stood in the plan's place
    offboard::plan plan;
    std::vector<customer> customers;
    offboard::erase_gate gate = erase_gate::all_ok;
    bool dry_run = false;
    absent_rule absent = absent_rule::ok;
};

/// How far a customer or an operation is. `unknown`: settled, nothing failed, was cancelled or stayed behind
/// a shut gate for another reason, and the outcome of at least one step is not known.
enum class progress { ok, partial, failed, unknown, pending };
inline constexpr std::array all_progress = {progress::ok, progress::partial, progress::failed,
                                            progress::unknown, progress::pending};
std::string_view to_string(progress) noexcept;

/// The whole of one accepted request and how far it is. A value. Dispatch owns it while
/// anything is unsettled. Code that shows it copies it.
struct operation {
    std::string id;
    std::string caller; ///< who asked; empty while there is no authentication
    wall_time created_at{};
    std::optional<wall_time> settled_at;
    std::optional<wall_time> retried_at; ///< the last retry by an operator: give_up_after counts from there
    offboarding what;
    std::vector<step> steps; ///< customer by customer, each in the order of the plan

    /// [first, last) of the customer's steps in `steps`.
    std::pair<std::size_t, std::size_t> steps_of(std::size_t customer) const noexcept;
    std::vector<std::uint32_t> first_step; ///< per customer, plus one past the end
    bool stopped =
        false; ///< cancelled: what was never sent is not sent any more; not remembered by the journal
};

/// What it takes in memory and on the wire, as so many steps. A step with its customer takes about what 25
/// earn_ids do, and each revoke_earn step carries all of its customer's.
std::size_t weight_of(const operation&) noexcept;
/// The same, and the number of its steps, of what has not been expanded yet.
std::size_t weight_of(const offboarding&) noexcept;
std::size_t steps_of(const offboarding&) noexcept;

/// Customers × plan = steps. Steps without an identifier are settled as skipped/no_identifier.
std::vector<step> expand(const offboarding&, std::vector<std::uint32_t>& first_step);
/// The same in parts, both lists empty at first: about `most` steps more. False when all are there.
bool expand_more(const offboarding&, std::size_t most, std::vector<step>&,
                 std::vector<std::uint32_t>& first_step);

/// The identifier a step uses of a customer, by the order of the action's rule; null when the customer has
/// none.
const identifier* identifier_for(const customer&, action) noexcept;
/// The same among the kinds that are not in `asked`.
const identifier* identifier_for(const customer&, action, std::span<const identifier_kind> asked) noexcept;

/// What gates say of one customer's steps, by all that is settled or decided.
struct gate_news {
    struct shut_step {
        std::size_t step = 0;
        std::vector<action> blocked_by; ///< what was not OK when the gate shut
    };
    std::vector<std::size_t> open; ///< held, and may be sent now
    std::vector<shut_step> shut;   ///< held, and can never be sent: to be skipped, gate_shut
};
/// Ask for each customer of a new operation, and again whenever one of its steps is decided.
gate_news look_at_gates(const operation&, std::size_t customer);

/// An operator's retry: puts every step that failed and is retryable, or is unknown, back to pending, and
/// with them what gates had skipped behind them. Returns the steps, in order. What is pending is left alone.
std::vector<std::size_t> reopen(operation&);

/// The contract's recount.
struct summary {
    std::array<std::size_t, all_progress.size()> customers{}; ///< by progress
    std::array<std::size_t, step_status_count> steps{};
    std::size_t customer_count = 0;

    /// Adds one more customer, and its steps, as they are now. Code that looks at an operation in several
    /// turns recounts what was seen in each.
    void add(const operation&, std::size_t customer) noexcept;
};
progress progress_of(const operation&, std::size_t customer) noexcept;
summary recount(const operation&) noexcept;
progress progress_of(const summary&) noexcept;
bool is_settled(const operation&) noexcept;

} // namespace offboard
