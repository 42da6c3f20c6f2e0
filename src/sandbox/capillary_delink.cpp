#include "body.hpp"
#include "capillary.hpp"

#include <boost/json/array.hpp>

#include <array>

namespace json = boost::json;

namespace sandbox::capillary {
namespace {

constexpr std::size_t most_programmes = 50;

struct delink_order {
    std::string kind;
    std::string value;
    json::object customer;
    std::vector<std::string> programmes;
};

/// The vendor declares 400 with an empty object.
answer bad_request() {
    return json_answer(400, json::object());
}

/// Fills `out.kind` and `out.value` from the first identifier that is not empty.
bool read_customer(const json::object& in, delink_order& out) {
    if (!only(in, {"mobile", "email", "externalId"})) {
        return false;
    }
    for (const std::string_view kind : std::array<std::string_view, 3>{"mobile", "email", "externalId"}) {
        const json::value* v = in.if_contains(json::string_view(kind.data(), kind.size()));
        if (v == nullptr) {
            continue;
        }
        const auto text = text_of(*v);
        const bool mobile = kind == "mobile";
        if (!text || (!mobile && !v->is_string()) || (mobile && !text->empty() && !all_digits(*text))) {
            return false;
        }
        if (text->empty()) {
            continue;
        }
        out.customer[json::string_view(kind.data(), kind.size())] = *text;
        if (out.kind.empty()) {
            out.kind = kind;
            out.value = *text;
        }
    }
    return !out.kind.empty();
}

std::optional<delink_order> read_order(const std::string& text) {
    const auto body = parse_object(text);
    const json::array* list =
        body && only(*body, {"deLinkCustomers"}) ? array_at(*body, "deLinkCustomers") : nullptr;
    // The page says "Batch support: No": one customer, several programmes.
    if (list == nullptr || list->size() != 1) {
        return std::nullopt;
    }
    const json::object* item = list->front().if_object();
    if (item == nullptr || !only(*item, {"customer", "deLinkFromPartnerPrograms"})) {
        return std::nullopt;
    }
    const json::object* who = object_at(*item, "customer");
    const json::array* programmes = array_at(*item, "deLinkFromPartnerPrograms");
    delink_order out;
    if (who == nullptr || programmes == nullptr || programmes->empty() || !read_customer(*who, out)) {
        return std::nullopt;
    }
    for (const auto& p : *programmes) {
        const json::object* o = p.if_object();
        const json::string* name = o == nullptr ? nullptr : string_at(*o, "partnerProgramName");
        if (name == nullptr || name->empty() || !only(*o, {"partnerProgramName"})) {
            return std::nullopt;
        }
        out.programmes.emplace_back(name->data(), name->size());
    }
    return out;
}

json::object status_of(bool good, std::string_view message, std::int64_t code) {
    return {{"status", good}, {"message", json::string(message.data(), message.size())}, {"code", code}};
}

json::object delink_one(world& w, const delink_order& what, const std::string& programme) {
    if (programme.starts_with("missing")) {
        return status_of(false, "partner program not found", 2006);
    }
    if (programme.starts_with("queued")) {
        return status_of(false, "an event is already queued for the user", 2010);
    }
    if (programme.starts_with("failing") || nature_of(what.value) == nature::failing) {
        return status_of(false, "partner program event failed", 2001);
    }
    const std::string value = what.kind == "email" ? lower(what.value) : what.value;
    tally& t = w.delinked[what.kind + ':' + value + ' ' + programme];
    if (t.times > 0 || programme.starts_with("unlinked")) {
        return status_of(false, "customer must first be linked to the partner program", 2004);
    }
    ++t.times;
    return status_of(true, "Success", 200);
}

} // namespace

answer delink(const request& r, world& w, micros now) {
    if (auto refused = refuse_call(r, w, now)) {
        return std::move(*refused);
    }
    auto what = read_order(r.body);
    const nature n = what ? nature_of(what->value) : nature::poison;
    if (n == nature::poison) {
        return bad_request();
    }
    if (n == nature::down) {
        return envelope(503, 503, "Service unavailable");
    }
    if (what->programmes.size() > most_programmes) {
        return envelope(400, 2008, "more than 50 partner programs");
    }
    json::object customer = std::move(what->customer);
    json::object update;
    if (n == nature::absent) {
        customer["status"] = status_of(false, "Customer not found for the given identifier", 1012);
        update["customer"] = std::move(customer);
    } else {
        customer["id"] = world::entity_of(what->kind, what->value);
        customer["status"] = status_of(true, "Customer successfully retrieved", 1000);
        json::array programmes;
        for (const auto& name : what->programmes) {
            programmes.push_back(json::object{{"partnerProgramName", name},
                                              {"updateType", "DELINK"},
                                              {"updateStatus", delink_one(w, *what, name)}});
        }
        update["customer"] = std::move(customer);
        update["partnerProgramUpdates"] = std::move(programmes);
    }
    return json_answer(200, json::object{{"customersPartnerUpdates", json::array{std::move(update)}},
                                         {"warnings", json::array()}});
}

} // namespace sandbox::capillary
