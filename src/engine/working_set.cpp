#include "offboard/engine/working_set.hpp"

#include "offboard/domain/action_rules.hpp"

#include <algorithm>
#include <utility>

namespace offboard::engine {

namespace {

constexpr std::size_t most_of(std::size_t room) {
    return room - room / 5;
}

} // namespace

bool working_set::has_room(const operation& op, purpose why) const noexcept {
    if (members_ == 0 && beginning_weight_ == 0) return true; // alone it may be of any size
    std::size_t unsettled = 0;
    std::array<bool, vendor_count> needs{};
    for (const step& s : op.steps) {
        if (is_settled(s.outcome.status)) continue;
        ++unsettled;
        needs[static_cast<std::size_t>(vendor_of(s.action))] = true;
    }
    const std::size_t weight = std::max(weight_of(op), unsettled);
    if (unsettled_ + beginning_weight_ + unsettled > window_.steps) return false;
    if (weight_ + beginning_weight_ + weight > window_.memory) return false;
    // While older ones are parked, new ones have a part of the room only: the oldest get their turn.
    const std::size_t for_new = window_.steps - most_of(window_.steps);
    if (why == purpose::new_work && parked_ > 0 &&
        arrived_unsettled_ + beginning_weight_ + unsettled > for_new)
        return false;
    for (std::size_t v = 0; v < vendor_count; ++v)
        if (needs[v] && unsettled_of_[v] >= window_.steps_of_one) return false;
    return true;
}

bool working_set::may_load() const noexcept {
    return unsettled_ + beginning_weight_ < most_of(window_.steps) &&
           weight_ + beginning_weight_ < most_of(window_.memory);
}

working_set::member working_set::add(const operation& op, bool arrived) {
    member m;
    m.weight = weight_of(op);
    m.arrived = arrived;
    for (const step& s : op.steps)
        if (!is_settled(s.outcome.status)) count(m, s.action, 1);
    m.undecided = m.unsettled;
    weight_ += m.weight;
    ++members_;
    return m;
}

void working_set::remove(const member& m) noexcept {
    weight_ -= m.weight;
    --members_;
}

void working_set::count(member& m, action a, std::ptrdiff_t by) noexcept {
    const auto add = [by](std::size_t& n) {
        n = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(n) + by);
    };
    add(m.unsettled);
    add(unsettled_);
    if (m.arrived) add(arrived_unsettled_);
    add(unsettled_of_[static_cast<std::size_t>(vendor_of(a))]);
}

void working_set::begins(const std::string& id, std::size_t weight, bool at_once) {
    if (at_once) beginning_.insert(id);
    beginning_weight_ += weight;
}

void working_set::begun(const std::string& id, std::size_t weight) {
    beginning_weight_ -= weight;
    beginning_.erase(id);
}

void working_set::park(std::uint64_t operations, std::uint64_t steps) noexcept {
    parked_ += operations;
    parked_steps_ += steps;
    parked_lately_ = true;
}

void working_set::unpark(std::uint64_t steps) noexcept {
    parked_ -= std::min<std::uint64_t>(parked_, 1);
    parked_steps_ -= std::min(parked_steps_, steps);
}

void working_set::found_none() noexcept {
    if (!std::exchange(parked_lately_, false)) parked_ = parked_steps_ = 0;
}

std::unordered_set<std::string> working_set::read_ends() {
    if (--reads_ == 0) return std::exchange(settled_meanwhile_, {});
    return settled_meanwhile_;
}

} // namespace offboard::engine
