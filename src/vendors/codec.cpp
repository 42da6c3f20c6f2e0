#include "offboard/vendors/codec.hpp"

#include "answer.hpp"
#include "billing/forget.hpp"
#include "by_status.hpp"
#include "capillary/delink.hpp"
#include "capillary/revoke.hpp"
#include "mention_me/lapse.hpp"
#include "verdicts.hpp"
#include "words.hpp"

#include <algorithm>
#include <stdexcept>

namespace offboard::vendors {

namespace {

/// Of an answer that names a member twice only the status is believed, and no success.
std::vector<verdict> ambiguous_text(const batch& b, unsigned status) {
    return claims_success(status) ? for_all(b, unproven(outcome_code::contradictory_answer))
                                  : by_status(b, status);
}

std::vector<verdict> decode_text(const batch& b, unsigned status, const answer& read,
                                 const wire_settings& wire) {
    switch (b.what) {
    case action::lapse:
    case action::purge: return mention_me::decode_customers(b, status, read, wire);
    case action::revoke_earn:
    case action::revoke_enrol: return capillary::decode_revoke(b, status, read);
    case action::delink: return capillary::decode_delink(b, status, read);
    case action::forget: return billing::decode_forget(b, status, read);
    }
    throw std::logic_error("no such action");
}

} // namespace

outgoing_request encode(const batch& b, const wire_settings& wire) {
    if (b.places.empty()) throw std::logic_error("a vendor call without a place");
    switch (b.what) {
    case action::lapse: return mention_me::encode_lapse(b, wire);
    case action::purge: return mention_me::encode_purge(b, wire);
    case action::revoke_earn:
    case action::revoke_enrol: return capillary::encode_revoke(b);
    case action::delink: return capillary::encode_delink(b);
    case action::forget: return billing::encode_forget(b);
    }
    throw std::logic_error("no such action");
}

bool refuses_credentials(const std::vector<verdict>& all) noexcept {
    return !all.empty() && std::ranges::all_of(all, [](const verdict& v) { return v.credentials_refused; });
}

std::vector<verdict> decode(const batch& b, const incoming_response& r, const wire_settings& wire) {
    if (b.places.empty()) return {};
    const answer read(r.body);
    std::vector<verdict> all =
        read.names_twice() ? ambiguous_text(b, r.status) : decode_text(b, r.status, read, wire);
    keep_words_apart(b, all);
    return all;
}

outcome lost_outcome() {
    return outcome{step_status::unknown, outcome_code::outcome_unknown, true, {}};
}

} // namespace offboard::vendors
