#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/exchange.hpp"
#include "offboard/domain/action_rules.hpp"
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
/// for revoke all identifiers are of one kind. 1 to the rule's customers_per_call; delink: 1 to 50 programmes
/// of one customer.
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
    retry,   ///< vendor fault: send again as the action's rule allows; `result` stands when that is used up
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
    /// The vendor refuses our credentials (401, 403, Capillary's 4000). See `refuses_credentials`.
    bool credentials_refused = false;
    /// The answer ties `result.vendor` to this place alone. The vendor's words on anything wider reach no
    /// place of a call with several customers: only the code does.
    bool own_words = false;
};

/// Throws std::logic_error for a batch that no call can be made of: no place, a kind of identifier the vendor
/// does not take, several customers where it takes one.
outgoing_request encode(const batch&, const wire_settings&);

/// As many verdicts as places, in their order, whatever the answer looks like. An answer that names a member
/// twice, at whatever depth, proves nothing beyond its status. No verdict repeats the identifier of another
/// customer of the call.
std::vector<verdict> decode(const batch&, const incoming_response&, const wire_settings&);

/// True when the vendor refuses our credentials for the whole call: then the call says nothing of any
/// customer. False when only some of the places were refused so.
bool refuses_credentials(const std::vector<verdict>&) noexcept;

/// What becomes of a place when the answer never came and its action may not be sent again (`resend::once`).
outcome lost_outcome(); ///< unknown/outcome_unknown, retryable

/// How long the vendor asks to be left alone. `Retry-After` counts on any status and on any call, the token
/// call too: seconds, or a date in one of HTTP's three forms. A date is read against the answer's own `Date`
/// where there is one, else against `now`. Without it `X-RateLimit-Reset` counts (seconds at Mention Me), on
/// 429 and 461 only, and at most 300 s of it. At least 1 s and at most 7 days: the caller bounds it by what
/// the operation has left. Nothing when neither is there or usable.
std::optional<std::chrono::seconds> asked_pause(const incoming_response&, wall_time now) noexcept;

/// 429, and Capillary's 461: too many calls.
bool is_rate_limit(unsigned status) noexcept;

} // namespace offboard::vendors
