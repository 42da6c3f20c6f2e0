#pragma once

#include "offboard/domain/operation.hpp"
#include "offboard/policy/packer.hpp"
#include "offboard/vendors/codec.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::engine {

/// One step that wants its place in a vendor call, with what its earlier attempts left behind.
struct queued_step {
    std::shared_ptr<operation> op;
    std::uint32_t step = 0;
    std::uint32_t generation = 0; ///< of the step, when it was queued
    std::uint32_t faults = 0;     ///< failed attempts so far; drives the backoff
    std::uint32_t failures = 0;   ///< calls in a row that failed as a whole with this step in them
    bool reauthorised = false;    ///< sent again once with a new token
    bool last_try = false;        ///< cancelled meanwhile: tried once more at most
    bool resent = false;          ///< sent again once because a kept connection was lost
    steady_time since{};          ///< queued since

    const offboard::step& what() const { return op->steps[step]; }
    offboard::step& what() { return op->steps[step]; }
    /// False once the step was cancelled, given up, or queued anew: nothing may be sent for this one then.
    bool valid() const { return what().stage == stage::queued && what().generation == generation; }
};

using lane_queue = policy::packer<queued_step>;

/// Adds a step to a group, in the place that it came from.
inline void add(lane_queue::group& group, const lane_queue::place& from, queued_step a) {
    if (group.empty() || group.back().dedup_key != from.dedup_key)
        group.push_back({from.dedup_key, from.identity, {}});
    group.back().items.push_back(std::move(a));
}

/// Which steps may share a vendor call: same action and, for revoke, same promotion and kind of identifier;
/// for forget, same fields to keep. `text` is the key in full and contains nothing of a customer.
struct lane_key {
    action what = action::lapse;
    promotion promo;
    identifier_kind kind = identifier_kind::email;
    std::vector<std::string> keep;
    bool one_customer = false; ///< earns are named, and an answer cannot name the customer
    std::string text;
};
lane_key lane_of(const operation&, const step&);

/// Steps with an equal `dedup_key` share one place; steps with an equal `identity` never share a call in two
/// places. `source` is the configured default for customers that name none.
struct place_keys {
    std::string dedup_key;
    std::string identity;
};
place_keys place_keys_of(const operation&, const step&, std::string_view source);

/// The step as a place on the wire.
vendors::place place_of(const queued_step&, std::string_view source);

/// A call as it goes to the codec, and the steps of each place: those in `places[i]` wait for the verdict on
/// `batch.places[i]`.
struct wire_call {
    vendors::batch batch;
    std::vector<lane_queue::place> places;
    bool isolated = false;              ///< a call of its own, without other customers
    std::string sole_operation;         ///< its id, when the call serves one alone
    std::vector<queued_step> left_over; ///< more programmes than one delink call may carry: for the next call
};
wire_call pack(const lane_key&, lane_queue::group, std::string_view source);
/// Places of a call as they were queued: what pack() split into programmes is put together again.
lane_queue::group as_queued(const lane_key&, lane_queue::group places);
/// The customers in it; a delink call has one, however many programmes.
std::size_t customers_in(const vendors::batch&) noexcept;

/// One call of a dry run.
struct planned_call {
    std::string step;
    vendor to = vendor::mention_me;
    outgoing_request request;
    std::size_t customers = 0;
};

/// How a vendor's calls are shaped, from its settings.
struct shape {
    std::size_t max_batch = 1;
    std::string source;
    vendors::wire_settings wire;
    std::size_t cap_of(const lane_key& k) const {
        return k.one_customer ? 1 : std::min(max_batch, rule_of(k.what).customers_per_call);
    }
};
using shapes = std::array<shape, vendor_count>;

/// The calls that would be made for an operation if every step went well, packed as they would be sent.
std::vector<planned_call> dry_run(const std::shared_ptr<operation>&, const shapes&);

} // namespace offboard::engine
