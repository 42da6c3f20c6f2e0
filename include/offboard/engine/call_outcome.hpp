#pragma once

#include "offboard/engine/batching.hpp"
#include "offboard/engine/event.hpp"
#include "offboard/engine/give_up.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What an answer, or no answer, makes of the steps of a call. Functions on values; the vendor's queue
/// applies what they say.
namespace offboard::engine {

/// What the verdicts say together.
struct answer_summary {
    bool rate_limited = false;
    bool refuses_credentials = false;    ///< for one place at least
    bool asks_for_retry = false;         ///< one place at least failed by the vendor's fault
    bool asks_for_later = false;         ///< the vendor did nothing for one place at least
    bool succeeded = false;              ///< the vendor did its work, whatever it says of each customer
    bool failed_whole = false;           ///< no customer has an outcome, and one of them may be the reason
    bool undecided_whole = false;        ///< nothing was done, and the answer belongs to no single customer
    bool rejected_whole = false;         ///< every place is `rejected`
    std::optional<outcome_code> trouble; ///< the answer tells of the vendor's state or of our settings
};
answer_summary summarise(const std::vector<vendors::verdict>&, unsigned status);

/// Groups of steps that are sent again. What is settled instead, and what a try has left behind, is among the
/// effects.
struct call_outcome {
    lane_queue::group undecided; ///< in smaller calls
    lane_queue::group failed;    ///< after a backoff
    lane_queue::group throttled; ///< once the vendor takes calls again
    lane_queue::group refused;   ///< once the vendor takes our credentials
    /// At once, by another identifier of each customer. A call of its own for each: a customer who is not
    /// known by this one either would make the answer to others ambiguous.
    struct regrouped {
        std::string lane; ///< its key
        lane_queue::group places;
    };
    std::vector<regrouped> by_another;
};

/// How a call is looked at.
struct outcome_rules {
    give_up_rule give_up;
    std::string_view source;      ///< as for place_keys_of()
    bool believe_refusal = false; ///< a refusal of the whole call is taken for each customer's own
};

/// The call was answered. All steps of the call are moved out of `call`. One verdict a place.
call_outcome sort_answer(wire_call& call, std::vector<vendors::verdict>, const answer_summary&,
                         const outcome_rules&, wall_time today, effects&);

/// The call had no answer. `lost`: the vendor may have received the call. All steps go to `failed`, or are
/// settled.
call_outcome sort_no_answer(wire_call& call, bool lost, const outcome_rules&, wall_time today, effects&);

/// A kept connection was lost before an answer came. True when the call may be sent again at once: the action
/// may be repeated freely, and the call has not been sent again for this reason before.
bool may_resend(const wire_call& call);
lane_queue::group sort_resend(wire_call& call, effects&);

/// All steps of the call, in their places.
lane_queue::group all_steps(wire_call& call);

/// The steps whose credentials the vendor refuses: they wait, or are settled where they are given up.
lane_queue::group hold_back(lane_queue::group refused, const outcome_rules&, wall_time today, effects&);

/// A fault of ours ended the call: each step that is left in `call` is settled. `sent`: the vendor may have
/// received the call.
void sort_broken(wire_call& call, bool sent, effects&);

enum class withdrawal : std::uint8_t {
    before_call, ///< the call is about to leave
    after_call   ///< the call has ended
};
/// Takes out the steps whose operation was cancelled: `cancelled` where they have not been done for certain;
/// `unknown` where they may have been done, and one more try has not told.
void withdraw_cancelled(lane_queue::group&, withdrawal, effects&);

/// The most attempts in a row that any of the steps has failed.
std::uint32_t faults_of(const std::vector<lane_queue::place>&);

} // namespace offboard::engine
