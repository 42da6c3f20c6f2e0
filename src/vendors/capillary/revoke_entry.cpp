#include "revoke_entry.hpp"

#include "../verdicts.hpp"

#include <algorithm>

namespace json = boost::json;

namespace offboard::vendors::capillary {

namespace {

constexpr std::int64_t not_issued =
    8890; // documented as a warning of the sibling call, beside an empty success

/// The earns said to be revoked. `complete` is cleared when the list holds anything that is no id.
std::vector<std::int64_t> read_earn_ids(const json::object* result, bool& complete) {
    std::vector<std::int64_t> ids;
    const json::array* list = array_member(result, "revokedEarnIds");
    complete = list != nullptr && !list->empty();
    if (list == nullptr) return ids;
    for (const json::value& v : *list) {
        if (const auto id = id_number(&v))
            ids.push_back(*id);
        else
            complete = false;
    }
    return ids;
}

vendor_detail detail_of(const entry& e) {
    vendor_detail detail;
    detail.entity_id = e.entity_id;
    detail.revoked_earn_ids = e.earn_ids;
    detail.revoked_issual_id = e.issual_id;
    return detail;
}

bool all_returned(const place& p, const entry& e) {
    return std::all_of(p.earn_ids.begin(), p.earn_ids.end(), [&](std::int64_t id) {
        return std::find(e.earn_ids.begin(), e.earn_ids.end(), id) != e.earn_ids.end();
    });
}

verdict judge_failure(const entry& e, const batch& b, const place& p) {
    verdict v = judge(e.errors, b, p);
    if (!e.has_result) return v;
    vendor_detail detail = detail_of(e);
    detail.code = v.result.vendor.code;
    detail.message = v.result.vendor.message;
    const bool something_done = !e.earn_ids.empty() || e.issual_id;
    const bool found = e.entity_id && v.result.status == step_status::absent;
    if ((something_done || found) && counts_as_ok(v.result.status))
        return unproven(outcome_code::contradictory_answer, std::move(detail));
    v.result.vendor = std::move(detail);
    v.may_have_acted = v.may_have_acted || something_done;
    return v;
}

} // namespace

entry read_entry(const json::value& from, action what) {
    entry e;
    const json::object* item = from.if_object();
    const auto errors = read_faults(item, "errors");
    const auto warnings = read_faults(item, "warnings");
    const json::object* result = object_member(item, "result");
    if (item == nullptr || !errors || !warnings || (result == nullptr && member(item, "result") != nullptr))
        return e;

    bool earns_complete = false;
    bool two_results = false;
    e.errors = *errors;
    e.has_result = result != nullptr;
    e.entity_id = id_number(member(result, "entityId"));
    if (what == action::revoke_earn) {
        e.earn_ids = read_earn_ids(result, earns_complete);
    } else {
        const auto now = id_number(member(result, "revokedIssualId"));
        const auto before = id_number(member(result, "issualId"));
        e.issual_id = now ? now : before;
        two_results = now && before && *now != *before;
    }
    const auto at =
        std::find_if(warnings->begin(), warnings->end(), [](const fault& f) { return f.code == not_issued; });
    const bool denied =
        denies(item) || denies(result) || tells_of_error(result) || member(item, "error") != nullptr;
    if (!e.errors.empty())
        e.what = entry::kind::failure;
    else if (two_results || denied)
        e.what = entry::kind::unconfirmed;
    else if (earns_complete || e.issual_id)
        e.what = entry::kind::success;
    else if (at != warnings->end() && e.earn_ids.empty())
        e.what = entry::kind::not_applied;
    else
        e.what = entry::kind::unconfirmed;
    if (e.what == entry::kind::not_applied) e.warning = *at;
    return e;
}

verdict judge(const entry& e, const batch& b, const place& p) {
    vendor_detail detail = detail_of(e);
    switch (e.what) {
    case entry::kind::failure: return judge_failure(e, b, p);
    case entry::kind::not_applied:
        detail.code = e.warning.code;
        detail.message = e.warning.message;
        return settled(step_status::failed, outcome_code::not_applied, false, std::move(detail));
    case entry::kind::unconfirmed: return unproven(outcome_code::unconfirmed, std::move(detail));
    case entry::kind::success:
        if (b.what == action::revoke_earn && !all_returned(p, e))
            return unproven(outcome_code::earns_unconfirmed, std::move(detail));
        return settled(step_status::succeeded, outcome_code::revoked, false, std::move(detail));
    case entry::kind::unreadable: break;
    }
    return unproven(outcome_code::unreadable_answer);
}

} // namespace offboard::vendors::capillary
