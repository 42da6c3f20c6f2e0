#include "body.hpp"
#include "capillary.hpp"
#include "faults.hpp"
#include "mention_me.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace json = boost::json;

namespace sandbox {
namespace {

json::array* list_in(json::object& o, std::string_view name) {
    json::value* v = o.if_contains(json::string_view(name.data(), name.size()));
    return v == nullptr ? nullptr : v->if_array();
}

/// The one customer of a delink answer.
json::object* delinked_customer(json::object& o) {
    json::array* updates = list_in(o, "customersPartnerUpdates");
    return updates == nullptr || updates->empty() ? nullptr : updates->front().if_object();
}

/// The arrays whose elements stand for what the caller asked about, the fullest kind first.
std::vector<json::array*> lists(json::object& o, std::string_view call) {
    std::vector<json::array*> out;
    const auto take = [&out](json::array* list) {
        if (list != nullptr) {
            out.push_back(list);
        }
    };
    if (is_about_customers(call)) {
        take(list_in(o, call == "read_back" ? "data" : "accepted"));
        take(list_in(o, "errors"));
    } else if (call == "revoke") {
        take(list_in(o, "response"));
    } else if (call == "delink") {
        json::object* update = delinked_customer(o);
        take(update == nullptr ? nullptr : list_in(*update, "partnerProgramUpdates"));
    }
    return out;
}

bool failed(const json::value& entry) {
    return entry.is_object() && !entry.get_object().contains("result");
}

void recount(json::object& o) {
    const json::array* entries = list_in(o, "response");
    if (entries == nullptr) {
        return;
    }
    const auto total = static_cast<std::int64_t>(entries->size());
    const auto failures = static_cast<std::int64_t>(std::count_if(entries->begin(), entries->end(), failed));
    // `[]` may move the members, so the list is done with.
    o["totalCount"] = total;
    o["failureCount"] = failures;
}

void drop_last(const std::vector<json::array*>& all) {
    for (json::array* list : all) {
        if (!list->empty()) {
            list->pop_back();
            return;
        }
    }
}

void double_up(json::array& list) {
    const json::array once = list;
    for (const auto& item : once) {
        list.push_back(item);
    }
}

void upper(json::value& v) {
    if (auto* text = v.if_string()) {
        std::transform(text->begin(), text->end(), text->begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    }
}

/// Upper case for what echoes the caller's words: identifiers and programme names.
void echo_upper(json::object& o, std::string_view call) {
    if (call == "delink") {
        if (json::object* update = delinked_customer(o)) {
            for (auto& member : update->at("customer").as_object()) {
                upper(member.value());
            }
        }
    }
    for (json::array* list : lists(o, call)) {
        for (auto& item : *list) {
            for (const char* name : {"value", "email", "customerId"}) {
                json::value* v = item.is_object() ? item.get_object().if_contains(name) : nullptr;
                if (v != nullptr) {
                    upper(*v);
                }
            }
        }
    }
}

void codes_as_text(json::value& v) {
    if (auto* list = v.if_array()) {
        for (auto& item : *list) {
            codes_as_text(item);
        }
    } else if (auto* o = v.if_object()) {
        for (auto& member : *o) {
            if (member.key() == "code" && member.value().is_int64()) {
                member.value() = std::to_string(member.value().get_int64());
            } else {
                codes_as_text(member.value());
            }
        }
    }
}

/// What each kind does to an entry of `response` that has a result.
void bend_results(json::object& o, const fault& f) {
    json::array* entries = list_in(o, "response");
    if (entries == nullptr) {
        return;
    }
    for (auto& entry : *entries) {
        json::value* found = entry.is_object() ? entry.get_object().if_contains("result") : nullptr;
        json::object* result = found == nullptr ? nullptr : found->if_object();
        if (result == nullptr) {
            continue;
        }
        if (f.kind == "result_with_errors") {
            entry.get_object()["errors"] = capillary::failed_entry(f.code.value_or(8896))["errors"];
        } else if (f.kind == "issual_id_sample") {
            if (const json::value* id = result->if_contains("revokedIssualId")) {
                (*result)["issualId"] = std::to_string(id->to_number<std::int64_t>());
                result->stable_erase("revokedIssualId");
            }
        } else {
            result->stable_erase("revokedIssualId");
            result->stable_erase("revokedEarnIds");
            json::object note{
                {"status", false}, {"code", 8890}, {"message", "promotion not issued to the customer"}};
            entry.get_object()["warnings"] = json::array{std::move(note)};
        }
    }
}

/// The reply of the older vendor page: other names for the two arrays and the status.
void older_delink(json::object& o) {
    json::array* updates = list_in(o, "customersPartnerUpdates");
    if (updates == nullptr) {
        return;
    }
    for (auto& update : *updates) {
        json::array* programmes = list_in(update.as_object(), "partnerProgramUpdates");
        if (programmes == nullptr) {
            continue;
        }
        json::array renamed;
        for (auto& p : *programmes) {
            renamed.push_back(json::object{{"partnerProgramName", p.at("partnerProgramName")},
                                           {"partnerDeLinkStatus", p.at("updateStatus")}});
        }
        update.as_object()["deLinkFromPartnerPrograms"] = std::move(renamed);
        update.as_object().stable_erase("partnerProgramUpdates");
    }
    json::value moved = std::move(o["customersPartnerUpdates"]);
    o.stable_erase("customersPartnerUpdates");
    o["deLinkCustomers"] = std::move(moved);
}

void contradict(json::object& o) {
    for (json::array* list : lists(o, "delink")) {
        for (auto& p : *list) {
            p.as_object()["updateStatus"] =
                json::object{{"status", false}, {"message", "Success"}, {"code", 200}};
        }
    }
}

void null_lists(json::object& o, std::string_view call) {
    if (call == "delink") {
        if (json::object* update = delinked_customer(o)) {
            (*update)["partnerProgramUpdates"] = nullptr;
        }
        return;
    }
    for (const char* name : {"accepted", "errors", "data", "response"}) {
        if (o.contains(name)) {
            o[name] = nullptr;
        }
    }
}

/// Kinds that reshape a JSON answer.
void bend_json(json::value& v, std::string_view call, const fault& f) {
    if (f.kind == "string_codes") {
        codes_as_text(v);
        return;
    }
    json::object* o = v.if_object();
    if (o == nullptr) {
        return;
    }
    const auto all = lists(*o, call);
    if (f.kind == "shuffle") {
        // Turning by one leaves no entry at the place of its request.
        for (json::array* list : all) {
            if (list->size() > 1) {
                std::rotate(list->begin(), list->begin() + 1, list->end());
            }
        }
    } else if (f.kind == "missing_entry") {
        drop_last(all);
        recount(*o);
    } else if (f.kind == "missing_all") {
        for (json::array* list : all) {
            list->clear();
        }
        recount(*o);
    } else if (f.kind == "null_lists") {
        null_lists(*o, call);
    } else if (f.kind == "duplicate_entries") {
        for (json::array* list : all) {
            double_up(*list);
        }
        recount(*o);
    } else if (f.kind == "one_entry") {
        if (!all.empty() && all.front()->size() > 1) {
            all.front()->resize(1);
        }
        recount(*o);
    } else if (f.kind == "no_type") {
        if (json::array* errors = list_in(*o, "errors")) {
            for (auto& item : *errors) {
                item.as_object().stable_erase("type");
            }
        }
    } else if (f.kind == "echo_case") {
        echo_upper(*o, call);
    } else if (f.kind == "success_without_id" || f.kind == "result_with_errors" ||
               f.kind == "issual_id_sample") {
        bend_results(*o, f);
    } else if (f.kind == "older_delink_shape" && call == "delink") {
        older_delink(*o);
    } else if (f.kind == "status_false_code_200") {
        contradict(*o);
    }
}

/// The vendor's plainest body for a status that a fault asks for.
answer plain(std::string_view call, unsigned status) {
    if (status < 300) {
        return json_answer(status, json::object());
    }
    if (of_mention_me(call)) {
        return json_answer(status,
                           json::object{{"code", std::to_string(status)}, {"message", "Fault on demand."}});
    }
    if (of_capillary(call)) {
        return capillary::envelope(status, status, "fault on demand");
    }
    return json_answer(status, json::object{{"error", "fault on demand"}});
}

answer replacement(std::string_view call, const fault& f) {
    answer a;
    if (f.kind == "html") {
        a.status = 503;
        a.content_type = "text/html";
        a.body = "<!DOCTYPE html><html><body><h1>Please try again later</h1></body></html>";
    } else if (f.kind == "redirect") {
        a.status = 302;
        a.content_type = "text/html";
        a.set("Location", "/login");
    } else if (f.kind == "not_json") {
        a.body = "Notice: something went wrong on line 1\n{";
    } else if (f.kind == "expire_token") {
        a = of_mention_me(call)  ? mention_me::expired()
            : of_capillary(call) ? capillary::expired()
                                 : plain(call, 401);
    } else if (f.kind == "rate_limited") {
        a = of_mention_me(call) ? mention_me::over_limit() : plain(call, 429);
        if (of_mention_me(call)) {
            a.set("X-RateLimit-Remaining", "0");
        }
        a.set(of_mention_me(call) ? "X-RateLimit-Reset" : "Retry-After", std::to_string(f.retry_after));
    } else if (f.kind == "one_entry") {
        a = json_answer(
            200, json::object{{"response", json::array{capillary::failed_entry(f.code.value_or(1101))}},
                              {"totalCount", 1},
                              {"failureCount", 1}});
    } else {
        a = plain(call, f.wanted_status().value_or(200));
    }
    return a;
}

} // namespace

void bend(answer& a, std::string_view call, const fault& f) {
    if (f.replaces()) {
        answer fresh = replacement(call, f);
        // The rate headers of the real answer stay, unless the fault has its own.
        for (auto& field : a.headers) {
            const bool has = std::any_of(fresh.headers.begin(), fresh.headers.end(), [&field](const auto& h) {
                return lower(h.name) == lower(field.name);
            });
            if (!has) {
                fresh.headers.push_back(std::move(field));
            }
        }
        a = std::move(fresh);
    } else if (!f.kind.empty()) {
        boost::system::error_code fault_in_body;
        json::value v = json::parse(a.body, fault_in_body);
        if (!fault_in_body) {
            bend_json(v, call, f);
            a.body = json::serialize(v);
        }
        if (f.kind == "wrong_content_type") {
            a.content_type = "text/html";
        }
    }
    const auto status = f.wanted_status();
    const bool ordinary = !f.statuses.empty() && status == 200U;
    if (status && !ordinary) {
        a.status = *status;
    }
    if (f.body) {
        a.body = *f.body;
    }
    if (!f.content_type.empty()) {
        a.content_type = f.content_type;
    }
    for (const auto& field : f.headers) {
        a.set(field.name, field.value);
    }
}

} // namespace sandbox
