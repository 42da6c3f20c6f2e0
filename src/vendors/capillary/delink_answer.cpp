#include "../by_status.hpp"
#include "../verdicts.hpp"
#include "delink.hpp"
#include "delink_report.hpp"

#include <algorithm>

namespace json = boost::json;

namespace offboard::vendors::capillary {

namespace {

vendor_detail detail_of(const status_object& s) {
    vendor_detail detail;
    detail.code = s.code;
    detail.message = s.message;
    return detail;
}

/// Not linked any more (2004) is a word about one programme: where no programme stands beside it, it proves
/// nothing.
verdict naming_none(verdict v) {
    if (v.result.status == step_status::succeeded)
        return unproven(outcome_code::contradictory_answer, v.result.vendor);
    return v;
}

/// The customer was not found: nothing can have been delinked, so every programme shares that verdict.
verdict judge_customer(const delink_report& report, const batch& b, const place& p) {
    const status_object& customer = report.customer;
    if (!customer.says_failed(customer_found) || report.any_done())
        return unproven(outcome_code::contradictory_answer, detail_of(customer));
    return naming_none(judge(customer.as_fault(), b, p));
}

verdict judge_programme(const delink_report& report, const batch& b, const place& p) {
    bool twice = false;
    const delink_report::programme* found = report.find(p.partner_program, twice);
    if (found == nullptr) return unproven(outcome_code::vendor_omitted);
    const status_object& status = found->status;
    if (twice) return unproven(outcome_code::contradictory_answer, detail_of(status));
    if (status.says_failed(programme_done)) return judge(status.as_fault(), b, p);
    if (!status.says_done(programme_done))
        return unproven(outcome_code::contradictory_answer, detail_of(status));
    verdict done = settled(step_status::succeeded, outcome_code::delinked);
    done.result.vendor.entity_id = report.customer_id;
    return done;
}

verdict judge_place(const delink_report& report, const batch& b, const place& p) {
    const bool refused = report.customer.status == false;
    const verdict v = refused ? judge_customer(report, b, p) : judge_programme(report, b, p);
    // What opens a gate wants the whole answer behind it.
    const bool backed = (refused || report.customer.says_done(customer_found)) && !report.errors_beside;
    if (counts_as_ok(v.result.status) && !backed)
        return unproven(outcome_code::contradictory_answer, v.result.vendor);
    return v;
}

} // namespace

std::vector<verdict> decode_delink(const batch& b, unsigned status, const answer& read) {
    const json::object* body = read.object();
    no_report why{};
    const auto report = read_delink(body, why);
    if (report) {
        std::vector<verdict> verdicts;
        verdicts.reserve(b.places.size());
        for (const place& p : b.places)
            verdicts.push_back(judge_place(*report, b, p));
        return verdicts;
    }
    const auto whole = read_faults(body, "errors");
    if (why == no_report::without_customer && whole && !whole->empty()) {
        std::vector<verdict> verdicts = judge_envelope(*whole, b, status, body);
        std::transform(verdicts.begin(), verdicts.end(), verdicts.begin(), naming_none);
        return verdicts;
    }
    return by_status(b, status, said(body));
}

} // namespace offboard::vendors::capillary
