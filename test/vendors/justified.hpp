#pragma once

#include "offboard/vendors/codec.hpp"
#include "second_look.hpp"

#include <string>
#include <string_view>
#include <vector>

/// A second, cruder opinion on a decoder's verdicts: whatever an answer looks like, an outcome that counts as
/// OK must have left its traces in the bytes. Used by the property test and by the fuzz targets.
namespace vendors_test {

using namespace offboard;
using namespace offboard::vendors;

inline std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

inline bool says(std::string_view body, std::string_view words) {
    return body.find(words) != body.npos;
}

inline bool claims_ok(const verdict& v) {
    return v.result.status == step_status::accepted || v.result.status == step_status::succeeded ||
           v.result.status == step_status::absent || v.result.status == step_status::skipped;
}

inline bool lapse_justified(const place& p, const verdict& v, unsigned status, std::string_view body) {
    if (status < 200 || status > 299) return false;
    if (!says(lower_case(body), lower_case(p.who.value))) return false;
    if (v.result.code == outcome_code::queued)
        return v.result.status == step_status::accepted && says(body, "accepted");
    return v.result.code == outcome_code::not_found && v.result.status == step_status::absent &&
           says(body, "notFound");
}

inline bool revoke_justified(const batch& b, const place& p, const verdict& v, std::string_view body) {
    if (v.result.code == outcome_code::not_found)
        return v.result.status == step_status::absent && says(body, "8015");
    if (v.result.code == outcome_code::already_revoked) return says(body, "8903") || says(body, "2305");
    if (v.result.code == outcome_code::not_applicable)
        return b.what == action::revoke_enrol && says(body, "8902");
    if (v.result.code != outcome_code::revoked) return false;
    if (!says(body, b.what == action::revoke_earn ? "revokedEarnIds" : "ssualId")) return false;
    for (const std::int64_t id : p.earn_ids)
        if (!says(body, std::to_string(id))) return false;
    if (b.places.size() == 1) return true;
    if (p.who.kind == identifier_kind::capillary_id) return says(body, p.who.value);
    return v.result.vendor.empty(); // nobody can tell whose ids they are
}

inline bool delink_justified(const place& p, const verdict& v, std::string_view body) {
    if (v.result.code == outcome_code::not_found)
        return says(body, "1011") || says(body, "1012") || says(body, "1013") || says(body, "8015");
    if (!says(body, p.partner_program) || !says(body, "1000")) return false;
    if (v.result.code == outcome_code::already_delinked) return says(body, "2004");
    return v.result.code == outcome_code::delinked && says(body, "200") && says(body, "true");
}

/// Why the answer cannot be proof of an outcome that counts as OK; empty when it can.
inline std::string_view contradiction(const batch& b, const place& p, const verdict& v,
                                      std::string_view body) {
    const auto root = second_reading(body);
    if (!root) return "a success out of what is no JSON";
    if (names_twice(*root)) return "a success out of an answer that names a member twice";
    const bool done = v.result.code == outcome_code::queued || v.result.code == outcome_code::revoked ||
                      v.result.code == outcome_code::delinked || v.result.code == outcome_code::forgotten;
    if (!done) return {};
    if (says_no(*root)) return "a success beside an error";
    if (b.what != action::lapse && lists_errors(*root)) return "a success beside errors";
    if (b.what == action::lapse && list_names(*root, "accepted", p.who.value) &&
        list_names(*root, "errors", p.who.value))
        return "a success of somebody who was refused as well";
    const document* entries = root->find("response");
    if (v.result.code == outcome_code::revoked && b.places.size() == 1 && entries != nullptr &&
        std::ranges::any_of(entries->elements(), lists_errors))
        return "a success of an entry with errors";
    return {};
}

/// No verdict may hold the identifier of another customer of its call.
inline bool tells_of_another(const batch& b, const std::vector<verdict>& all, std::size_t i) {
    const vendor_detail& said = all[i].result.vendor;
    for (std::size_t other = 0; other < b.places.size(); ++other) {
        const std::string& value = b.places[other].who.value;
        if (value == b.places[i].who.value) continue;
        if (says(lower_case(said.message), lower_case(value)) ||
            says(lower_case(said.reason), lower_case(value)))
            return true;
        if (said.code && std::to_string(*said.code) == value) return true;
        if (said.entity_id && std::to_string(*said.entity_id) == value) return true;
    }
    return false;
}

/// What is wrong with the verdicts; empty when nothing is.
inline std::string_view complaint(const batch& b, const incoming_response& r,
                                  const std::vector<verdict>& all) {
    if (all.size() != b.places.size()) return "not as many verdicts as places";
    // Escapes can spell any word in a way this check does not read.
    const bool legible = !says(r.body, "\\");
    for (std::size_t i = 0; i < all.size(); ++i) {
        const verdict& v = all[i];
        const place& p = b.places[i];
        if (v.result.code == outcome_code::waiting || v.result.status == step_status::pending)
            return "no outcome";
        if (v.result.vendor.message.size() > 1024 || v.result.vendor.reason.size() > 1024)
            return "unbounded words";
        if (tells_of_another(b, all, i)) return "a verdict that tells of another customer";
        if (v.what == next::later && v.may_have_acted) return "later, yet something may have been done";
        if (!claims_ok(v)) continue;
        if (const auto why = contradiction(b, p, v, r.body); !why.empty()) return why;
        if (v.what != next::settle) return "a success that is not settled";
        if (b.what == action::forget) {
            if (r.status < 200 || r.status > 299 || !says(r.body, "true")) return "invented: forget";
            if (v.result.status != step_status::succeeded) return "forget knows no other success";
        }
        if (!legible) continue;
        if (b.what == action::lapse && !lapse_justified(p, v, r.status, r.body)) return "invented: lapse";
        if (b.what == action::delink && !delink_justified(p, v, r.body)) return "invented: delink";
        if ((b.what == action::revoke_earn || b.what == action::revoke_enrol) &&
            !revoke_justified(b, p, v, r.body))
            return "invented: revoke";
    }
    return {};
}

} // namespace vendors_test
