#include "delink_report.hpp"

#include <algorithm>

namespace json = boost::json;

namespace offboard::vendors::capillary {

namespace {

/// The name in the current documents, then the one in the older ones.
struct name_pair {
    std::string_view now;
    std::string_view before;
};
constexpr name_pair customers_list{"customersPartnerUpdates", "deLinkCustomers"};
constexpr name_pair programmes_list{"partnerProgramUpdates", "deLinkFromPartnerPrograms"};
constexpr name_pair programme_status{"updateStatus", "partnerDeLinkStatus"};

/// Of two lists the one that holds anything. Nothing when both do, or when what is there is no list.
std::optional<const json::array*> one_list(const json::object* from, const name_pair& names) {
    const json::array* found = nullptr;
    for (const std::string_view name : {names.now, names.before}) {
        if (member(from, name) == nullptr) continue;
        const json::array* list = array_member(from, name);
        if (list == nullptr || (found != nullptr && !found->empty() && !list->empty())) return std::nullopt;
        if (found == nullptr || found->empty()) found = list;
    }
    return found;
}

status_object read_status(const json::object* from) {
    const vendor_detail words = said(from);
    return {bool_member(from, "status"), words.code, words.message};
}

void read_programme(const json::value& v, std::vector<delink_report::programme>& out) {
    const json::object* item = v.if_object();
    const auto name = text_of(member(item, "partnerProgramName"));
    if (!name) return; // the programme that the entry was meant for stays unanswered
    const json::object* now = object_member(item, programme_status.now);
    const json::object* before = object_member(item, programme_status.before);
    delink_report::programme p{*name, read_status(now != nullptr ? now : before), false, false};
    p.two_statuses = now != nullptr && before != nullptr && !read_status(before).same_as(p.status);
    p.errors_beside = tells_of_error(item) || denies(item);
    out.push_back(std::move(p));
}

} // namespace

const delink_report::programme* delink_report::find(std::string_view name, bool& twice) const noexcept {
    const programme* found = nullptr;
    twice = false;
    for (const programme& p : programmes) {
        if (p.name != name) continue;
        twice = twice || p.two_statuses || p.errors_beside ||
                (found != nullptr && !found->status.same_as(p.status));
        if (found == nullptr) found = &p;
    }
    return found;
}

bool delink_report::any_done() const noexcept {
    return std::any_of(programmes.begin(), programmes.end(),
                       [](const programme& p) { return p.status.says_done(programme_done); });
}

std::optional<delink_report> read_delink(const json::object* body, no_report& why) {
    why = no_report::garbled;
    const auto customers = one_list(body, customers_list);
    if (!customers) return std::nullopt;
    if (*customers == nullptr || (*customers)->empty()) {
        why = no_report::without_customer;
        return std::nullopt;
    }
    const json::object* item = (*customers)->front().if_object();
    const auto programmes = one_list(item, programmes_list);
    if ((*customers)->size() > 1 || item == nullptr || !programmes) return std::nullopt;

    delink_report report;
    const json::object* customer = object_member(item, "customer");
    report.customer = read_status(object_member(customer, "status"));
    report.customer_id = id_number(member(customer, "id"));
    if (*programmes != nullptr)
        for (const json::value& v : **programmes)
            read_programme(v, report.programmes);
    const auto whole = read_faults(body, "errors");
    const auto says_no = [](const json::object* part) { return tells_of_error(part) || denies(part); };
    report.errors_beside = !whole || says_no(body) || says_no(item) || says_no(customer);
    return report;
}

} // namespace offboard::vendors::capillary
