#include "offboard/vendors/codec.hpp"

#include "billing/forget.hpp"
#include "capillary/delink.hpp"
#include "capillary/revoke.hpp"
#include "mention_me/lapse.hpp"

#include <stdexcept>

namespace offboard::vendors {

outgoing_request encode(const batch& b, const wire_settings& wire) {
    if (b.places.empty()) throw std::logic_error("a vendor call without a place");
    switch (b.what) {
    case action::lapse: return mention_me::encode_lapse(b, wire);
    case action::revoke_earn:
    case action::revoke_enrol: return capillary::encode_revoke(b);
    case action::delink: return capillary::encode_delink(b);
    case action::forget: return billing::encode_forget(b);
    }
    throw std::logic_error("no such action");
}

std::vector<verdict> decode(const batch& b, const incoming_response& r, const wire_settings& wire) {
    if (b.places.empty()) return {};
    switch (b.what) {
    case action::lapse: return mention_me::decode_lapse(b, r, wire);
    case action::revoke_earn:
    case action::revoke_enrol: return capillary::decode_revoke(b, r);
    case action::delink: return capillary::decode_delink(b, r);
    case action::forget: return billing::decode_forget(b, r);
    }
    throw std::logic_error("no such action");
}

repeat repeat_rule(action what, const place& p) noexcept {
    const bool takes_more = what == action::revoke_earn && p.earn_ids.empty();
    return takes_more || what == action::forget ? repeat::once : repeat::freely;
}

outcome lost_outcome() {
    return outcome{step_status::unknown, "outcome_unknown", true, {}};
}

} // namespace offboard::vendors
