#include "lapse.hpp"

#include "../answer.hpp"
#include "../by_status.hpp"
#include "../json_call.hpp"
#include "../scope.hpp"
#include "../verdicts.hpp"
#include "matching.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>

namespace json = boost::json;

namespace offboard::vendors::mention_me {

namespace {

/// Mention Me's codes: the one `reason` it documents. The set is open, and the row without a name is for the
/// rest.
struct reason_row {
    std::string_view reason;
    outcome_code meaning;
    scope whose;
    step_status status;
    bool retryable;
    next what;
};
constexpr std::array reasons = {
    reason_row{"notFound", outcome_code::not_found, scope::customer, step_status::absent, false,
               next::settle},
    reason_row{"", outcome_code::refused, scope::customer, step_status::failed, false, next::settle},
};

/// What the answer says of one place.
struct echo {
    bool accepted = false;
    bool refused = false;
    bool shared = false; ///< by an echo that fits another place as well
    bool disputed = false;
    std::string reason;
};

void mark(echo& at, const std::string* reason) {
    if (reason == nullptr) {
        at.accepted = true;
        return;
    }
    at.disputed = at.disputed || (at.refused && at.reason != *reason);
    at.refused = true;
    at.reason = *reason;
}

/// The identifier's text; an id may come back as a number, of 64 bits at most.
std::optional<std::string> value_of(const json::object* item) {
    const json::value* v = member(item, "value");
    if (const auto text = text_of(v)) return std::string(*text);
    if (v != nullptr && v->is_uint64()) return std::to_string(v->get_uint64());
    const auto n = whole_number(v);
    return n ? std::optional(std::to_string(*n)) : std::nullopt;
}

/// Marks what one of the two lists says. Returns how many items cannot be read: the customers that they were
/// meant for stay unanswered.
std::size_t read_list(const json::array* list, bool refusals, const matching& places,
                      std::vector<echo>& echoes) {
    std::size_t unreadable = 0;
    if (list == nullptr) return unreadable;
    for (const json::value& element : *list) {
        const json::object* item = element.if_object();
        const auto value = value_of(item);
        const auto type = text_of(member(item, "type"));
        if (!value || (!type && member(item, "type") != nullptr)) {
            ++unreadable;
            continue;
        }
        const std::string reason(text_of(member(item, "reason")).value_or(""));
        const bool refused_as_well = !refusals && (tells_of_error(item) || member(item, "reason") != nullptr);
        const auto found = places.find(type, *value);
        for (const std::size_t i : found) {
            mark(echoes[i], refusals ? &reason : nullptr);
            echoes[i].shared = echoes[i].shared || found.size() > 1;
            echoes[i].disputed = echoes[i].disputed || refused_as_well;
        }
    }
    return unreadable;
}

/// No place counts as accepted where the answer contradicts it: by an error of the whole call, or by errors
/// that name no customer and are more than the customers without an answer.
void doubt(const json::object* body, std::size_t unnamed_errors, std::vector<echo>& echoes) {
    const auto unanswered = static_cast<std::size_t>(
        std::ranges::count_if(echoes, [](const echo& e) { return !e.accepted && !e.refused; }));
    const bool denied = has_error(body) || denies(body);
    for (echo& at : echoes)
        if (denied || (at.accepted && unnamed_errors > unanswered)) at.disputed = at.accepted || at.refused;
}

bool list_or_nothing(const json::object* body, std::string_view name) {
    return member(body, name) == nullptr || array_member(body, name) != nullptr;
}

verdict judge(const echo& at, const vendor_detail& detail) {
    if (at.shared) return undivided(outcome_code::ambiguous_answer, true, detail);
    if (at.disputed || (at.accepted && at.refused))
        return undivided(outcome_code::contradictory_answer, true, detail);
    if (at.accepted) return settled(step_status::accepted, outcome_code::queued);
    if (!at.refused) return undivided(outcome_code::vendor_omitted, true, detail);
    const auto* row = std::find_if(reasons.begin(), reasons.end(), [&](const reason_row& r) {
        return r.reason.empty() || r.reason == at.reason;
    });
    verdict v = settled(row->status, row->meaning, row->retryable);
    v.what = row->what;
    v.result.vendor.reason = kept_words(at.reason);
    v.own_words = true;
    return v;
}

outgoing_request customers_call(std::string_view method, std::string_view target, const batch& b,
                                const wire_settings& wire) {
    json::array identifiers;
    for (const place& p : b.places)
        identifiers.push_back(
            json::object{{"type", js(type_of(p.who.kind, wire))}, {"value", js(p.who.value)}});
    json::object body;
    body.emplace("identifiers", std::move(identifiers));
    return json_call(method, target, body);
}

} // namespace

outgoing_request encode_lapse(const batch& b, const wire_settings& wire) {
    return customers_call("POST", "/api/merchant/v2/customers/lapse", b, wire);
}

outgoing_request encode_purge(const batch& b, const wire_settings& wire) {
    return customers_call("DELETE", "/api/merchant/v2/customers", b, wire);
}

std::vector<verdict> decode_customers(const batch& b, unsigned status, const answer& read,
                                      const wire_settings& wire) {
    const json::object* body = read.object();
    const vendor_detail detail = said(body);
    if (!claims_success(status)) return by_status(b, status, detail);
    if (body == nullptr || !list_or_nothing(body, "accepted") || !list_or_nothing(body, "errors"))
        return for_all(b, unproven(outcome_code::unreadable_answer, detail));

    const matching places(b, wire);
    std::vector<echo> echoes(b.places.size());
    read_list(array_member(body, "accepted"), false, places, echoes);
    const std::size_t unnamed = read_list(array_member(body, "errors"), true, places, echoes);
    doubt(body, unnamed, echoes);

    const bool recognised =
        std::any_of(echoes.begin(), echoes.end(), [](const echo& e) { return e.accepted || e.refused; });
    // Sending each of them alone would burn the budget on a vendor that answers in a way we cannot read.
    if (!recognised && b.places.size() > 1) return for_all(b, unproven(outcome_code::vendor_omitted, detail));

    std::vector<verdict> verdicts;
    verdicts.reserve(echoes.size());
    for (const echo& at : echoes)
        verdicts.push_back(judge(at, detail));
    return verdicts;
}

} // namespace offboard::vendors::mention_me
