#include "billing.hpp"

#include "body.hpp"

#include <algorithm>
#include <array>

namespace json = boost::json;

namespace sandbox::billing {
namespace {

constexpr std::array<std::string_view, 3> lookup_keys{"customer_id", "subscription_id", "orderid"};

constexpr std::array<std::string_view, 26> keepable{"username",
                                                    "email",
                                                    "token_hash",
                                                    "original_username",
                                                    "password",
                                                    "cryptpass",
                                                    "session",
                                                    "firstname",
                                                    "lastname",
                                                    "address1",
                                                    "address2",
                                                    "city",
                                                    "state",
                                                    "zip",
                                                    "country",
                                                    "shipping_firstname",
                                                    "shipping_lastname",
                                                    "shipping_address1",
                                                    "shipping_address2",
                                                    "shipping_zip",
                                                    "shipping_city",
                                                    "shipping_state",
                                                    "shipping_country",
                                                    "phone",
                                                    "member_note",
                                                    "member_auth"};

answer refuse(unsigned status, std::string_view why) {
    return json_answer(status, json::object{{"error", json::string(why.data(), why.size())}});
}

bool keep_valid(std::string_view list) {
    while (true) {
        const auto comma = list.find(',');
        const std::string_view name = list.substr(0, comma);
        if (std::find(keepable.begin(), keepable.end(), name) == keepable.end()) {
            return false;
        }
        if (comma == std::string_view::npos) {
            return true;
        }
        list.remove_prefix(comma + 1);
    }
}

} // namespace

namespace {

bool may_call(const request& r, const world& w) {
    const std::string* key = r.header("api-key");
    const std::string* user = r.header("api-username");
    return key != nullptr && user != nullptr && !key->empty() && !user->empty() &&
           takes(w.options.secrets.billing, *key);
}

} // namespace

answer ping(const request& r, const world& w) {
    if (r.method != "GET") {
        answer a = refuse(405, "invalid method");
        a.set("Allow", "GET");
        return a;
    }
    return may_call(r, w) ? json_answer(200, 1) : refuse(401, "invalid api-key or api-username");
}

answer forget(const request& r, world& w) {
    if (r.method != "PATCH") {
        answer a = refuse(405, "invalid method");
        a.set("Allow", "PATCH");
        return a;
    }
    if (!may_call(r, w)) {
        return refuse(401, "invalid api-key or api-username");
    }
    std::vector<header_field> form;
    if (!r.is("application/x-www-form-urlencoded") || !parse_form(r.body, form)) {
        return refuse(400, "invalid or unsupported HTTP request");
    }
    if (!r.query().empty()) {
        return refuse(404, "invalid parameter: parameters belong in the body");
    }
    const header_field* lookup = nullptr;
    const header_field* keep = nullptr;
    for (const auto& field : form) {
        const bool looks_up =
            std::find(lookup_keys.begin(), lookup_keys.end(), field.name) != lookup_keys.end();
        const header_field*& place = looks_up ? lookup : keep;
        if (!looks_up && field.name != "keep") {
            return refuse(404, "invalid parameter");
        }
        if (place != nullptr) {
            return refuse(400, "send one of customer_id, subscription_id and orderid, and one keep");
        }
        place = &field;
    }
    if (lookup == nullptr || lookup->value.empty()) {
        return refuse(400, "customer_id, subscription_id or orderid is required");
    }
    if (keep != nullptr && !keep_valid(keep->value)) {
        return refuse(404, "invalid parameter: keep");
    }
    switch (nature_of(lookup->value)) {
    case nature::absent:
        return w.options.forget_absent_status == 200 ? json_answer(200, false)
                                                     : refuse(404, "customer not found");
    case nature::failing: return json_answer(200, false);
    case nature::poison: return refuse(400, "invalid or unsupported HTTP request");
    case nature::down: return refuse(503, "service unavailable");
    case nature::ordinary: break;
    }
    tally& t = w.forgotten[lookup->name + ':' + lookup->value];
    ++t.times;
    t.keep = keep == nullptr ? std::string() : keep->value;
    return json_answer(200, true);
}

} // namespace sandbox::billing
