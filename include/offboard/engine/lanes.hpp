#pragma once

#include "offboard/engine/batching.hpp"
#include "offboard/engine/event.hpp"

#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace offboard::engine {

/// The steps of one lane that wait, and how many of its calls are in flight.
struct lane {
    lane_key key;
    lane_queue waiting;
    std::size_t in_flight = 0;          ///< ordinary calls
    std::size_t isolated_in_flight = 0; ///< calls of isolated groups
    bool isolated_last = false;         ///< the last call was one of an isolated group
    std::uint32_t refused_alone = 0;    ///< single customers refused in a row
    /// One customer of the group that is sent next was split off, and is asked about alone or was refused.
    bool split_off = false;

    bool is_idle() const { return waiting.empty() && in_flight == 0 && isolated_in_flight == 0; }
};

/// Steps that are put back together. `isolated`: they stay a call of their own. `failed`: they are
/// isolated for their call failed, not for its answer could not be told apart.
struct steps_put_back {
    lane_queue::group places;
    bool isolated = false;
    bool failed = false;
};

/// What part of a lane a call takes.
enum class portion : std::uint8_t {
    nothing,
    ordinary, ///< up to a full call
    isolated, ///< the next isolated group
    probe,    ///< one customer
    ping,     ///< none: a call without effect
};

/// All steps of one vendor that wait: in lanes, or for their moment. Owned by the vendor's queue. Pure.
class lanes {
public:
    /// The shape outlives the lanes.
    explicit lanes(const shape& form) : shape_(form) {}

    void push(queued_step, const moment&);
    /// Queued again at `due`.
    void put_back(steps_put_back, steady_time due);
    /// Queued again at once, but for steps that were cancelled, given up or queued anew meanwhile.
    void put_back_now(steps_put_back, const moment&);
    /// Queues what is due.
    void release_due(const moment&);
    steady_time next_due() const noexcept {
        return delayed_.empty() ? steady_time::max() : delayed_.begin()->first;
    }

    /// Takes the steps of a call out of the lane. Void steps are dropped: nothing may be left.
    lane_queue::group take(lane&, portion);

    enum class visit : std::uint8_t {
        pass, ///< to the next lane
        sent, ///< the lane goes to the back; the round is over
        stop  ///< the round is over
    };
    /// Calls `look(lane)` for each lane in its turn. Idle lanes are removed.
    template <class Look>
    void in_turn(Look look) {
        for (auto at = all_.begin(); at != all_.end();) {
            const auto here = at++;
            if (here->is_idle()) {
                by_key_.erase(here->key.text);
                all_.erase(here);
                continue;
            }
            const visit seen = look(*here);
            if (seen == visit::pass) continue;
            if (seen == visit::sent) all_.splice(all_.end(), all_, here);
            return;
        }
    }
    /// A call of the lane begins, or ends.
    void call_begins(lane&, bool isolated);
    void call_ends(lane&, bool isolated);
    std::size_t calls() const noexcept { return calls_; } ///< in flight
    std::size_t isolated_calls() const noexcept { return isolated_calls_; }

    const std::list<lane>& all() const noexcept { return all_; }
    std::size_t waiting() const noexcept { return waiting_; } ///< steps
    /// Since when the longest waiting step waits; `now` when none does.
    steady_time oldest(steady_time now) const;
    std::size_t cap_of(const lane& l) const { return shape_.cap_of(l.key); }

private:
    lane& lane_for(lane_key);

    const shape& shape_;
    std::list<lane> all_; ///< the order is the turn to send
    std::unordered_map<std::string, lane*> by_key_;
    std::multimap<steady_time, steps_put_back> delayed_;
    std::size_t waiting_ = 0;        ///< steps in lanes or delayed
    std::size_t calls_ = 0;          ///< in flight
    std::size_t isolated_calls_ = 0; ///< of those, of isolated groups
};

/// How little a place is fit to be a probe: 0 for one that has never failed.
std::uint64_t probe_risk(const lane_queue::place&);
/// From here on the next lost answer is the last: the step may not be sent again after that.
inline constexpr std::uint64_t last_chance_risk = std::uint64_t(1) << 32;

} // namespace offboard::engine
