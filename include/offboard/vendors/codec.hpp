#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/exchange.hpp"
#include "offboard/domain/plan.hpp"
#include "offboard/domain/vendor.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

/// Pure codecs: a batch of steps becomes an HTTP request, an HTTP response becomes one verdict for each place
/// of the batch. No socket, no clock. What an answer does not say for certain is never guessed: see
/// `next::isolate`.
namespace offboard::vendors {

/// One place in a vendor call: one distinct customer (or, for delink, one programme of the call's one
/// customer).
struct place {
    identifier who;
    std::string source;                 ///< revoke: as sent, in capitals
    std::vector<std::int64_t> earn_ids; ///< revoke_earn: only these; empty: all
    std::string partner_program;        ///< delink
    bool acted_before = false;          ///< an earlier attempt of ours may have had its effect
};

/// One vendor call. `places` are distinct: no two have the same identifier (delink: the same programme), and
/// for revoke all identifiers are of one kind. 1 to vendor_cap(what) customers; delink: 1 to 50 programmes of
/// one customer.
struct batch {
    action what = action::lapse;
    promotion promo;               ///< revoke
    std::vector<std::string> keep; ///< forget
    std::vector<place> places;
};

/// The few things about the wire that are settings because the vendors' documents leave them open.
struct wire_settings {
    std::string customer_id_type = "customerId"; ///< Mention Me: `type` of an identifier that is not an email
};

/// What to do with one place after an answer.
enum class next {
    settle,  ///< `result` is the step's outcome
    retry,   ///< vendor fault: send again as repeat_rule allows; `result` stands when that is used up
    later,   ///< the vendor did nothing and says "not now" (429 and its kin): send again, no attempt is used
    isolate, ///< the answer does not say whose fault or outcome it is: send again in a smaller call; alone
             ///< already: `result`
};

struct verdict {
    next what = next::settle;
    outcome result;
    /// The vendor may have acted on this place although `result` does not say that it did. False only where
    /// its answer shows that it did not; what is sent again after true has `acted_before`.
    bool may_have_acted = false;
};

/// Throws std::logic_error for a batch that no call can be made of: no place, a kind of identifier the vendor
/// does not take, several customers where it takes one.
outgoing_request encode(const batch&, const wire_settings&);

/// As many verdicts as places, in their order, whatever the answer looks like.
std::vector<verdict> decode(const batch&, const incoming_response&, const wire_settings&);

/// What becomes of a place when the answer never came. lapse, delink, revoke_enrol and revoke_earn may be
/// repeated: a customer who leaves keeps no earn, an earn granted in between included. forget is repeated
/// once, and is `unknown` then.
enum class repeat { freely, once };
repeat repeat_rule(action) noexcept;
outcome lost_outcome(); ///< unknown/outcome_unknown, retryable

/// How long the vendor asks to be left alone: Retry-After, as seconds or as any of HTTP's three forms of a
/// date, against the answer's own Date where it has one, else against `now`; with an answer that says too
/// many calls (is_rate_limit) also X-RateLimit-Reset, in seconds. 1 s to 7 days. Nothing when it does not
/// say.
std::optional<std::chrono::seconds> asked_pause(const incoming_response&, wall_time now) noexcept;

/// 429, and Capillary's 461.
bool is_rate_limit(unsigned status) noexcept;

} // namespace offboard::vendors
