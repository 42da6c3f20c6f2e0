#pragma once

#include "offboard/domain/operation.hpp"
#include "offboard/domain/vendor.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

namespace offboard::engine {

/// What one page of the backlog may bring into memory, and all pages together.
struct window {
    std::size_t page_operations = 256;
    std::size_t page_steps = 5'000;
    std::size_t steps = 100'000; ///< unsettled ones, of operations in memory
    /// Of those, steps of one vendor: a vendor that is down does not keep the others' steps from being
    /// driven.
    std::size_t steps_of_one = 40'000;
    /// All steps of operations in memory, settled ones included, by weight_of(): what is settled waits in
    /// memory for the operation's last step.
    std::size_t memory = 400'000;
};

/// What an operation is brought into memory for: new work; work that waited or is opened again; to be
/// stopped.
enum class purpose : std::uint8_t { new_work, work, rest };

/// Which operations are in memory, and whether others have room there. The other unsettled operations wait in
/// the journal alone: they are parked. Counts only; the operations are the driver's. Pure.
class working_set {
public:
    /// What is counted of one operation in memory.
    struct member {
        std::size_t weight = 0;
        bool arrived = false;      ///< taken from a caller, not from the backlog
        std::size_t unsettled = 0; ///< steps whose outcome the journal does not have
        std::size_t undecided = 0; ///< of those, steps whose outcome is not even on its way there
    };

    explicit working_set(window w = {}) : window_(w) {}
    const engine::window& bounds() const noexcept { return window_; }

    /// True when the operation may be brought in.
    bool has_room(const operation&, purpose) const noexcept;
    /// True while more of the backlog may be brought in. A part of the window is left to new work: a single
    /// customer does not wait behind a backlog.
    bool may_load() const noexcept;

    member add(const operation&, bool arrived);
    void remove(const member&) noexcept;
    /// So many unsettled steps of the operation more, or fewer.
    void count(member&, action, std::ptrdiff_t by) noexcept;

    /// An operation is on its way into the journal. `at_once`: it is driven as soon as it is there, whatever
    /// the backlog says.
    void begins(const std::string& id, std::size_t weight, bool at_once);
    void begun(const std::string& id, std::size_t weight);
    bool is_beginning(const std::string& id) const { return beginning_.contains(id); }

    void park(std::uint64_t operations, std::uint64_t steps) noexcept;
    /// One that was parked is brought in.
    void unpark(std::uint64_t steps) noexcept;
    /// A whole round of the backlog has found nothing: what is counted as parked is not there, unless it was
    /// parked since the round began.
    void found_none() noexcept;
    std::uint64_t parked() const noexcept { return parked_; }             ///< operations
    std::uint64_t parked_steps() const noexcept { return parked_steps_; } ///< about so many
    /// Steps that wait, in memory or parked.
    std::uint64_t waiting() const noexcept { return unsettled_ + parked_steps_ + beginning_weight_; }

    // A read of the journal is a snapshot: what settles while it is read is out of date in it.
    void read_begins() noexcept { ++reads_; }
    /// The operations that have settled since the oldest read under way began.
    std::unordered_set<std::string> read_ends();
    void settled(const std::string& id) {
        if (reads_ > 0) settled_meanwhile_.insert(id);
    }

private:
    const engine::window window_;
    std::size_t members_ = 0;
    std::size_t weight_ = 0;
    std::size_t unsettled_ = 0;         ///< steps
    std::size_t arrived_unsettled_ = 0; ///< of those, steps of operations that came from callers
    std::array<std::size_t, vendor_count> unsettled_of_{}; ///< of those, by vendor
    std::size_t beginning_weight_ = 0;
    std::unordered_set<std::string> beginning_;
    std::uint64_t parked_ = 0;
    std::uint64_t parked_steps_ = 0;
    bool parked_lately_ = false; ///< since found_none() was asked last
    std::size_t reads_ = 0;      ///< under way
    std::unordered_set<std::string> settled_meanwhile_;
};

} // namespace offboard::engine
