#include "offboard/vendors/codec.hpp"

#include "billing/forget.hpp"
#include "capillary/delink.hpp"
#include "capillary/revoke.hpp"
#include "mention_me/lapse.hpp"

#include "offboard/base/fold_case.hpp"

#include <algorithm>
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

namespace {

/// Words that the answer ties to one place may still name another one's customer.
void drop_words_about_others(const batch& b, std::vector<verdict>& verdicts) {
    if (b.places.size() == 1 || b.what == action::delink) return;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        vendor_detail& said = verdicts[i].result.vendor;
        if (said.message.empty() && said.reason.empty()) continue;
        const bool names_another = std::any_of(b.places.begin(), b.places.end(), [&](const place& p) {
            return &p != &b.places[i] &&
                   (contains_folded(said.message, p.who.value) || contains_folded(said.reason, p.who.value));
        });
        if (!names_another) continue;
        said.message.clear();
        said.reason.clear();
    }
}

std::vector<verdict> decode_as_said(const batch& b, const incoming_response& r, const wire_settings& wire) {
    switch (b.what) {
    case action::lapse: return mention_me::decode_lapse(b, r, wire);
    case action::revoke_earn:
    case action::revoke_enrol: return capillary::decode_revoke(b, r);
    case action::delink: return capillary::decode_delink(b, r);
    case action::forget: return billing::decode_forget(b, r);
    }
    throw std::logic_error("no such action");
}

} // namespace

std::vector<verdict> decode(const batch& b, const incoming_response& r, const wire_settings& wire) {
    if (b.places.empty()) return {};
    std::vector<verdict> verdicts = decode_as_said(b, r, wire);
    drop_words_about_others(b, verdicts);
    return verdicts;
}

repeat repeat_rule(action what) noexcept {
    switch (what) {
    case action::lapse:
    case action::revoke_earn:
    case action::revoke_enrol:
    case action::delink: return repeat::freely;
    case action::forget: return repeat::once;
    }
    return repeat::once;
}

outcome lost_outcome() {
    return outcome{step_status::unknown, "outcome_unknown", true, {}};
}

} // namespace offboard::vendors
