#pragma once

#include "offboard/domain/operation.hpp"

#include <cstdint>
#include <memory>
#include <vector>

/// From the news of steps to what callers see, as functions on values. The order is the driver's: decide(),
/// shut_gates(), the journal's record, then apply(); and only then gates may open.
namespace offboard::engine {

/// A step's news: an outcome to be settled, or, while it is pending, what a try left behind.
struct settlement {
    std::shared_ptr<operation> op;
    std::uint32_t step = 0;
    offboard::outcome outcome;
    std::vector<action> blocked_by;

    bool settles() const noexcept { return is_settled(outcome.status); }
    offboard::step& what() const { return op->steps[step]; }
};
using settlements = std::vector<settlement>;

/// Puts the news of an operation together, a step's in the order they came: what a try left, then what it
/// ended as. Each operation's changes are one record then.
void order(settlements&);

/// From now on nothing is sent for the steps that are settled here, and gates count with their outcome.
void decide(const settlements&);

/// The skips of steps whose gates can never open by what has been decided. `news` is ordered and decided.
settlements shut_gates(const settlements& news);

/// One such skip.
settlement skip_of(const std::shared_ptr<operation>&, gate_news::shut_step);

/// What a cancel settles: `cancelled` for the steps that wait, but `unknown` for those that an earlier try
/// may have done; the vendor is not asked about them again. Steps in a call finish. For the customers from
/// `customer` on, up to `most` steps; `customer` is the next one then.
settlements cancel_waiting(const std::shared_ptr<operation>&, std::size_t& customer, std::size_t most);
/// How many steps that are.
std::size_t count_waiting(const operation&) noexcept;
/// True when a step that is not settled is in a call now.
bool is_in_flight(const operation&) noexcept;

/// The journal has it: the outcome is the step's. Nothing for what is pending.
void apply(settlement&);

} // namespace offboard::engine
