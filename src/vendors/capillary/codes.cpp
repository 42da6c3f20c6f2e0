#include "codes.hpp"

#include "../by_status.hpp"
#include "../verdicts.hpp"

#include <algorithm>
#include <array>

namespace json = boost::json;

namespace offboard::vendors::capillary {

namespace {

using enum step_status;

constexpr std::array rows = {
    // The platform's own, in either call. 401, 403 and 4000: our credentials. 429, 461, 503 and 4001: not
    // now; 521: not
    // now, for this customer.
    row{401, outcome_code::vendor_auth, scope::credentials, failed, true, next::settle},
    row{403, outcome_code::vendor_auth, scope::credentials, failed, true, next::settle},
    row{429, outcome_code::rate_limited, scope::request, failed, true, next::later},
    row{461, outcome_code::rate_limited, scope::request, failed, true, next::later},
    row{500, outcome_code::vendor_error, scope::request, failed, true, next::retry},
    row{503, outcome_code::vendor_busy, scope::request, failed, true, next::later},
    row{521, outcome_code::vendor_busy, scope::customer, failed, true, next::later},
    row{1060, outcome_code::batch_refused, scope::request, failed, false, next::isolate},
    row{4000, outcome_code::vendor_auth, scope::credentials, failed, true, next::settle},
    row{4001, outcome_code::vendor_busy, scope::request, failed, true, next::later},
    row{8015, outcome_code::not_found, scope::customer, absent, false, next::settle},

    // Revoking.
    row{1101, outcome_code::program_invalid, scope::request, failed, false, next::settle, call::revoke},
    row{1212, outcome_code::entity_type_invalid, scope::request, failed, false, next::settle, call::revoke},
    row{2305, outcome_code::earn_ids_invalid, scope::customer, failed, false, next::settle, call::revoke,
        condition::fresh_earn_ids},
    row{2305, outcome_code::earns_unconfirmed, scope::customer, unknown, true, next::settle, call::revoke,
        condition::named_earn_ids},
    row{2305, outcome_code::already_revoked, scope::customer, succeeded, false, next::settle, call::revoke},
    row{8874, outcome_code::promotion_invalid, scope::request, failed, false, next::settle, call::revoke},
    row{8881, outcome_code::promotion_missing, scope::request, failed, false, next::settle, call::revoke},
    row{8892, outcome_code::promotion_inactive, scope::request, failed, false, next::settle, call::revoke},
    row{8896, outcome_code::vendor_error, scope::customer, failed, true, next::settle, call::revoke},
    row{8899, outcome_code::user_group_refused, scope::request, failed, false, next::settle, call::revoke},
    row{8901, outcome_code::entity_type_invalid, scope::request, failed, false, next::settle, call::revoke},
    row{8902, outcome_code::not_applicable, scope::request, skipped, false, next::settle, call::revoke,
        condition::of_enrolment},
    row{8902, outcome_code::not_supported, scope::request, failed, false, next::settle, call::revoke},
    row{8903, outcome_code::earn_ids_invalid, scope::customer, failed, false, next::settle, call::revoke,
        condition::fresh_earn_ids},
    row{8903, outcome_code::earns_unconfirmed, scope::customer, unknown, true, next::settle, call::revoke,
        condition::named_earn_ids},
    row{8903, outcome_code::already_revoked, scope::customer, succeeded, false, next::settle, call::revoke},
    row{11013, outcome_code::identifier_missing, scope::request, failed, false, next::settle, call::revoke},

    // Delinking. 1011 to 1013 are of the customer, the others of one programme unless they say `request`.
    row{1011, outcome_code::not_found, scope::request, absent, false, next::settle, call::delink},
    row{1012, outcome_code::not_found, scope::request, absent, false, next::settle, call::delink},
    row{1013, outcome_code::not_found, scope::request, absent, false, next::settle, call::delink},
    row{2001, outcome_code::vendor_error, scope::request, failed, true, next::retry, call::delink,
        condition::first_time},
    row{2001, outcome_code::vendor_error, scope::request, failed, true, next::settle, call::delink},
    row{2004, outcome_code::already_delinked, scope::customer, succeeded, false, next::settle, call::delink},
    row{2005, outcome_code::not_enrolled, scope::customer, failed, false, next::settle, call::delink,
        condition::says_enrol},
    row{2005, outcome_code::already_linked, scope::customer, failed, false, next::settle, call::delink,
        condition::says_linked},
    row{2005, outcome_code::refused, scope::customer, failed, false, next::settle, call::delink},
    row{2006, outcome_code::programme_not_found, scope::customer, failed, false, next::settle, call::delink},
    row{2007, outcome_code::programme_tier_not_found, scope::customer, failed, false, next::settle,
        call::delink},
    row{2008, outcome_code::too_many_programmes, scope::request, failed, false, next::settle, call::delink},
    row{2010, outcome_code::outcome_unknown, scope::request, unknown, true, next::retry, call::delink},
};

bool mentions(std::string_view message, std::string_view lower_case) {
    return std::search(message.begin(), message.end(), lower_case.begin(), lower_case.end(),
                       [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; }) !=
           message.end();
}

bool holds(condition when, const fault& f, const batch& b, const place& p) {
    switch (when) {
    case condition::always: return true;
    case condition::of_enrolment: return b.what == action::revoke_enrol;
    case condition::fresh_earn_ids:
        return b.what == action::revoke_earn && !p.earn_ids.empty() && !p.acted_before;
    case condition::named_earn_ids: return b.what == action::revoke_earn && !p.earn_ids.empty();
    case condition::first_time: return !p.acted_before;
    case condition::says_enrol: return mentions(f.message, "enrol");
    case condition::says_linked: return mentions(f.message, "linked");
    }
    return false;
}

vendor_detail detail_of(const fault& f) {
    vendor_detail detail;
    detail.code = f.code;
    detail.message = f.message;
    return detail;
}

/// Like `judge`, but a fault of one customer in a call of several belongs to no customer yet.
verdict judge_in_company(const std::vector<fault>& faults, const batch& b, const place& p) {
    const bool shared = std::any_of(faults.begin(), faults.end(),
                                    [&](const fault& f) { return scope_of(f, b) == scope::customer; });
    // A delink call has one customer, so what is said of the customer is said of every place.
    const bool about_the_customer = b.what == action::delink && faults.front().code == 8015;
    if (b.places.size() > 1 && shared && !about_the_customer)
        return undivided(outcome_code::ambiguous_answer);
    return judge(faults, b, p);
}

} // namespace

std::optional<std::vector<fault>> read_faults(const json::object* from, std::string_view name) {
    std::vector<fault> faults;
    if (member(from, name) == nullptr) return faults;
    const json::array* list = array_member(from, name);
    if (list == nullptr) return std::nullopt;
    for (const json::value& item : *list) {
        const vendor_detail words = said(item.if_object());
        fault f{words.code, words.message};
        // A fault that says "all well" of itself proves neither.
        if (bool_member(item.if_object(), "status") == true) f.code.reset();
        if (const auto text = text_of(&item)) f.message = kept_words(*text);
        faults.push_back(std::move(f));
    }
    return faults;
}

const row* find(const fault& f, const batch& b, const place& p) noexcept {
    if (!f.code) return nullptr;
    const call here = b.what == action::delink ? call::delink : call::revoke;
    const auto* at = std::find_if(rows.begin(), rows.end(), [&](const row& r) {
        return r.code == *f.code && (r.in == call::any || r.in == here) && holds(r.when, f, b, p);
    });
    return at == rows.end() ? nullptr : at;
}

verdict judge(const fault& f, const batch& b, const place& p) {
    const row* r = find(f, b, p);
    if (r == nullptr) return settled(failed, outcome_code::refused, false, detail_of(f));
    if (r->whose == scope::credentials) return credentials_refused(detail_of(f));
    if (r->then == next::retry && r->status == failed) return vendor_fault(b, detail_of(f));
    verdict v = settled(r->status, r->meaning, r->retryable, detail_of(f));
    v.what = r->then == next::isolate && b.places.size() == 1 ? next::settle : r->then;
    v.may_have_acted = r->then == next::retry;
    return v;
}

verdict judge(const std::vector<fault>& faults, const batch& b, const place& p) {
    verdict first = judge(faults.front(), b, p);
    if (!counts_as_ok(first.result.status)) return first;
    bool agree = true;
    for (const fault& f : faults) {
        verdict other = judge(f, b, p);
        if (!counts_as_ok(other.result.status)) return other;
        agree = agree && other.result.status == first.result.status;
    }
    // "No such customer" beside "already done": two results for one, and both would open a gate.
    return agree ? first : unproven(outcome_code::contradictory_answer, std::move(first.result.vendor));
}

scope scope_of(const fault& f, const batch& b) noexcept {
    const row* r = b.places.empty() ? nullptr : find(f, b, b.places.front());
    if (r == nullptr) return scope::customer;
    return r->whose == scope::credentials ? scope::request : r->whose;
}

bool surely_did_nothing(const fault& f, const batch& b, const place& p) noexcept {
    const row* r = find(f, b, p);
    return r != nullptr && r->then != next::retry && r->meaning != outcome_code::vendor_error;
}

std::vector<verdict> judge_envelope(const std::vector<fault>& faults, const batch& b, unsigned status,
                                    const json::object* body) {
    const bool known = std::any_of(faults.begin(), faults.end(),
                                   [&](const fault& f) { return find(f, b, b.places.front()) != nullptr; });
    if (!known && !claims_success(status)) return by_status(b, status, detail_of(faults.front()));
    std::vector<verdict> verdicts;
    verdicts.reserve(b.places.size());
    for (const place& p : b.places)
        verdicts.push_back(judge_in_company(faults, b, p));
    if (affirms(body))
        for (verdict& v : verdicts)
            if (counts_as_ok(v.result.status))
                v = unproven(outcome_code::contradictory_answer, v.result.vendor);
    return verdicts;
}

} // namespace offboard::vendors::capillary
