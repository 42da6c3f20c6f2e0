#include "body.hpp"
#include "capillary.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>

namespace json = boost::json;

namespace sandbox::capillary {
namespace {

constexpr std::size_t most_customers = 100;
constexpr std::int64_t bad_earn_ids = 8903;

struct customer {
    std::string identifier;
    std::optional<std::vector<std::int64_t>> earn_ids;
};

struct order {
    bool earn = false;
    std::int64_t program = 0;
    /// Key of the holding: the id's digits, or the identifier's text.
    std::string promotion;
    bool by_identifier = false;
    bool direct = false;
    std::string identifier_name;
    std::vector<customer> customers;
};

/// One entry for the whole request, as in the vendor's samples.
answer whole(const world& w, std::int64_t code) {
    return json_answer(
        static_cast<unsigned>(w.options.revoke_failure_status),
        json::object{{"response", json::array{failed_entry(code)}}, {"totalCount", 1}, {"failureCount", 1}});
}

bool source_known(std::string_view source) {
    constexpr std::array<std::string_view, 11> all{"facebook", "web_engage", "instore", "martjack",
                                                   "tmall",    "taobao",     "jd",      "ecommerce",
                                                   "website",  "line",       "all"};
    return std::find(all.begin(), all.end(), lower(source)) != all.end();
}

/// The code that refuses the promotion, or 0.
std::int64_t read_promotion(const json::object& body, order& out) {
    const json::object* details = object_at(body, "promotionDetails");
    const auto program = details == nullptr ? std::nullopt : integer_at(*details, "programId");
    if (!program || !only(*details, {"programId", "promotionId", "promoIdentifier"})) {
        return 8881;
    }
    const json::value* id = details->if_contains("promotionId");
    const json::string* name = string_at(*details, "promoIdentifier");
    // The vendor leaves open which of the two would win; a caller that sends both has a fault to find.
    if ((id == nullptr) == (name == nullptr)) {
        return 8881;
    }
    out.program = *program;
    out.by_identifier = name != nullptr;
    if (out.program <= 1) {
        return 1101;
    }
    const auto text = id != nullptr ? text_of(*id) : text_of(*details->if_contains("promoIdentifier"));
    if (!text || text->empty() || (id != nullptr && (!all_digits(*text) || text->size() > 18))) {
        return 8874;
    }
    out.promotion = *text;
    const bool by_name = out.by_identifier;
    if (by_name ? text->starts_with("invalid") : *text == "1") {
        return 8874;
    }
    if (by_name ? text->starts_with("inactive") : *text == "2") {
        return 8892;
    }
    out.direct = by_name ? text->starts_with("direct") : *text == "3";
    return 0;
}

std::int64_t read_action(const json::object& body, order& out) {
    const json::string* type = string_at(body, "type");
    if (type == nullptr || *type != "CUSTOMER") {
        const bool group = type != nullptr && type->starts_with("USERGROUP");
        return group ? 8899 : 8901;
    }
    if (const auto code = read_promotion(body, out); code != 0) {
        return code;
    }
    const json::string* action = string_at(body, "bulkAction");
    out.earn = action != nullptr && *action == "REVOKE_EARN";
    if (!out.earn && (action == nullptr || *action != "REVOKE_ENROL" || out.direct)) {
        return 8902;
    }
    const json::string* name = string_at(body, "identifierName");
    if (name == nullptr || (*name != "id" && *name != "mobile" && *name != "email")) {
        return 11013;
    }
    out.identifier_name.assign(name->data(), name->size());
    return 0;
}

std::optional<std::vector<std::int64_t>> read_earn_ids(const json::value& v) {
    const json::array* list = v.if_array();
    if (list == nullptr || list->empty()) {
        return std::nullopt;
    }
    std::vector<std::int64_t> out;
    for (const auto& item : *list) {
        const auto* number = item.if_int64();
        if (number == nullptr) {
            return std::nullopt;
        }
        out.push_back(*number);
    }
    return out;
}

std::optional<answer> read_customers(const json::object& body, const world& w, order& out) {
    const json::array* list = array_at(body, "customers");
    if (list == nullptr || list->empty()) {
        return envelope(400, 400, "customers is required");
    }
    if (list->size() > most_customers) {
        return envelope(400, 1060, "Batch limit exceeded");
    }
    for (const auto& item : *list) {
        const json::object* o = item.if_object();
        if (o == nullptr || !only(*o, {"identifierValue", "source", "earnIds"})) {
            return envelope(400, 400, "a customer takes identifierValue, source and earnIds");
        }
        const json::string* value = string_at(*o, "identifierValue");
        const json::string* source = string_at(*o, "source");
        const bool complete = value != nullptr && !value->empty() && source != nullptr &&
                              source_known(std::string_view(source->data(), source->size()));
        if (!complete) {
            return whole(w, 11013);
        }
        customer c;
        c.identifier.assign(value->data(), value->size());
        if (const json::value* ids = o->if_contains("earnIds")) {
            c.earn_ids = read_earn_ids(*ids);
            if (!c.earn_ids) {
                return envelope(400, 400, "earnIds is a list of at least one number");
            }
        }
        out.customers.push_back(std::move(c));
    }
    for (const auto& c : out.customers) {
        const nature n = nature_of(c.identifier);
        if (n == nature::poison) {
            return envelope(400, 400, "invalid input");
        }
        if (n == nature::down) {
            return envelope(503, 503, "Service unavailable");
        }
    }
    return std::nullopt;
}

/// Ids to take away, or nothing when the entry fails with 8903.
std::vector<std::int64_t> choose_earns(const world& w, const customer& c, const holding& h) {
    if (!c.earn_ids) {
        return {h.earns.begin(), h.earns.end()};
    }
    std::set<std::int64_t> good;
    for (const auto id : *c.earn_ids) {
        if (h.earns.contains(id)) {
            good.insert(id);
        } else if (!w.options.partial_earn_ids) {
            return {};
        }
    }
    return {good.begin(), good.end()};
}

/// The members of a good `result`, or the code of the failure.
std::int64_t revoke_one(world& w, const order& what, const customer& c, json::object& result) {
    const nature n = nature_of(c.identifier);
    if (n == nature::absent || (what.identifier_name == "id" && !all_digits(c.identifier))) {
        return 8015;
    }
    if (n == nature::failing) {
        return 8896;
    }
    const std::int64_t entity = world::entity_of(what.identifier_name, c.identifier);
    holding& h = w.holding_of(entity, what.promotion);
    result = {{"entityType", "CUSTOMER"}, {"entityId", entity}, {"programId", what.program}};
    if (what.by_identifier) {
        result["promoIdentifier"] = what.promotion;
    } else {
        result["promotionId"] = static_cast<std::int64_t>(std::stoll(what.promotion));
    }
    if (!what.earn) {
        if (!h.enrolled) {
            return 2305;
        }
        if (!h.earns.empty()) {
            return 8896;
        }
        h.enrolled = false;
        ++h.enrolment_revocations;
        result["revokedIssualId"] = h.issual_id;
        return 0;
    }
    const auto chosen = choose_earns(w, c, h);
    if (chosen.empty()) {
        return bad_earn_ids;
    }
    json::array ids;
    for (const auto id : chosen) {
        h.earns.erase(id);
        ++h.revoked[id];
        ids.emplace_back(id);
    }
    result["revokedEarnIds"] = std::move(ids);
    return 0;
}

} // namespace

std::string_view revoke_message(std::int64_t code) {
    switch (code) {
    case 1101: return "invalid programId passed";
    case 2305: return "No active issued promotion found for the customer";
    case 8015: return "Customer not found for the given identifiers";
    case 8874: return "promotion id passed is invalid";
    case 8881:
        return "Insufficient parameters passed; program ID and one of the promotion ID/identifiers are "
               "required";
    case 8892: return "promotion is inactive";
    case 8896: return "Error occurred while issuing promotion to the customer";
    case 8899: return "Cannot enrol/issue to the user group.";
    case 8901: return "invalid entity type passed";
    case 8902: return "revoke bulk action passed not supported for loyalty/generic promotion type";
    case bad_earn_ids: return "Earn IDs passed are either invalid or already revoked";
    case 11013: return "identifierName, identifierValue or source is empty";
    default: return "request failed";
    }
}

json::object failed_entry(std::int64_t code) {
    const std::string_view message = revoke_message(code);
    json::object fault{
        {"status", false}, {"message", json::string(message.data(), message.size())}, {"code", code}};
    return {{"errors", json::array{std::move(fault)}}, {"warnings", json::array()}};
}

answer revoke(const request& r, world& w, micros now) {
    if (auto refused = refuse_call(r, w, now)) {
        return std::move(*refused);
    }
    const auto body = parse_object(r.body);
    if (!body || !only(*body, {"type", "bulkAction", "promotionDetails", "identifierName", "customers"})) {
        return envelope(400, 400, "invalid input");
    }
    order what;
    if (const auto code = read_action(*body, what); code != 0) {
        return whole(w, code);
    }
    if (auto refused = read_customers(*body, w, what)) {
        return std::move(*refused);
    }
    json::array entries;
    std::int64_t failures = 0;
    for (const auto& c : what.customers) {
        json::object result;
        const std::int64_t code = revoke_one(w, what, c, result);
        if (code != 0) {
            ++failures;
            entries.push_back(failed_entry(code));
        } else {
            entries.push_back(json::object{
                {"result", std::move(result)}, {"errors", json::array()}, {"warnings", json::array()}});
        }
    }
    const unsigned status = failures == 0 ? 200U : static_cast<unsigned>(w.options.revoke_failure_status);
    const auto total = static_cast<std::int64_t>(entries.size());
    return json_answer(
        status,
        json::object{{"response", std::move(entries)}, {"totalCount", total}, {"failureCount", failures}});
}

} // namespace sandbox::capillary
