#include "mention_me.hpp"

#include "body.hpp"

#include <boost/json/array.hpp>

#include <optional>

namespace json = boost::json;

namespace sandbox::mention_me {
namespace {

constexpr std::size_t most_identifiers = 100;

/// The vendor's error body: `code` is a string.
answer refuse(unsigned status, std::string_view message) {
    return json_answer(status, json::object{{"code", std::to_string(status)},
                                            {"message", json::string(message.data(), message.size())}});
}

answer wrong_method(std::string_view right) {
    answer a = refuse(405, "Method Not Allowed");
    a.set("Allow", std::string(right));
    return a;
}

struct identifier {
    std::string type;
    std::string value;
};

/// Checks all that stands before the handling; fills `out` when it returns nothing.
std::optional<answer> open_call(const request& r, const world& w, micros now, std::vector<identifier>& out,
                                std::string_view method = "POST") {
    if (r.method != method) {
        return wrong_method(method);
    }
    const std::string* field = r.header("authorization");
    constexpr std::string_view scheme = "Bearer ";
    if (field == nullptr || !field->starts_with(scheme)) {
        return refuse(401, "Missing token.");
    }
    if (!w.token_valid(issuer::mention_me, field->substr(scheme.size()), now)) {
        return expired();
    }
    if (!r.is("application/json")) {
        return refuse(415, "Unsupported Media Type");
    }
    const auto body = parse_object(r.body);
    const json::array* list = body ? array_at(*body, "identifiers") : nullptr;
    if (list == nullptr || !only(*body, {"identifiers"})) {
        return refuse(400, "identifiers is required, and nothing else.");
    }
    if (list->empty() || list->size() > most_identifiers) {
        return refuse(400, "identifiers takes 1 to 100 elements.");
    }
    for (const auto& item : *list) {
        const json::object* o = item.if_object();
        const json::string* type = o == nullptr ? nullptr : string_at(*o, "type");
        const json::string* value = o == nullptr ? nullptr : string_at(*o, "value");
        const bool known = type != nullptr && (*type == "email" || *type == w.options.customer_id_type);
        if (!known || value == nullptr || value->empty() || !only(*o, {"type", "value"})) {
            return refuse(400, "An identifier is a type (email or customerId) and a value.");
        }
        out.push_back({std::string(type->data(), type->size()), std::string(value->data(), value->size())});
    }
    for (const auto& id : out) {
        const nature n = nature_of(id.value);
        if (n == nature::poison) {
            return refuse(400, "Invalid input.");
        }
        if (n == nature::down) {
            return refuse(503, "Service Unavailable");
        }
    }
    return std::nullopt;
}

json::object not_done(const identifier& id, std::string_view reason) {
    return {{"type", id.type}, {"value", id.value}, {"reason", json::string(reason.data(), reason.size())}};
}

std::string key_of(const identifier& id) {
    return id.type + ':' + (id.type == "email" ? lower(id.value) : id.value);
}

bool is_known(const identifier& id, const world& w) {
    return nature_of(id.value) != nature::absent && !w.purged.contains(key_of(id));
}

/// Lapse and purge: the same body, the same two lists in the answer.
answer change(const request& r, world& w, micros now, std::string_view method,
              std::map<std::string, tally>& done) {
    std::vector<identifier> ids;
    if (auto refused = open_call(r, w, now, ids, method)) {
        return std::move(*refused);
    }
    json::array accepted;
    json::array errors;
    bool any_known = false;
    for (const auto& id : ids) {
        const bool known = is_known(id, w);
        any_known = any_known || known;
        if (!known) {
            errors.push_back(not_done(id, "notFound"));
        } else if (nature_of(id.value) == nature::failing) {
            errors.push_back(not_done(id, "invalid"));
        } else {
            ++done[key_of(id)].times;
            accepted.push_back(json::object{{"type", id.type}, {"value", id.value}});
        }
    }
    if (!any_known && w.options.lapse_all_unknown_404) {
        return refuse(404, "Not found.");
    }
    return json_answer(200, json::object{{"accepted", std::move(accepted)}, {"errors", std::move(errors)}});
}

} // namespace

answer expired() {
    return refuse(401, "Expired token.");
}

answer over_limit() {
    return refuse(429, "Rate limit exceeded.");
}

void put_limit(answer& a, const admission& place) {
    a.set("X-RateLimit-Limit", std::to_string(place.limit));
    a.set("X-RateLimit-Remaining", std::to_string(place.remaining));
    a.set("X-RateLimit-Reset", std::to_string(place.reset_s));
}

answer token(const request& r, world& w, const token_source& make, micros now) {
    if (r.method != "POST") {
        return wrong_method("POST");
    }
    if (!r.is("application/json")) {
        return refuse(415, "Unsupported Media Type");
    }
    const auto body = parse_object(r.body);
    if (!body || !only(*body, {"client_id", "client_secret", "grant_type"})) {
        return refuse(400, "client_id, client_secret and grant_type are required, and nothing else.");
    }
    const json::string* id = string_at(*body, "client_id");
    const json::string* secret = string_at(*body, "client_secret");
    const json::string* grant = string_at(*body, "grant_type");
    if (id == nullptr || secret == nullptr || grant == nullptr || *grant != "client_credentials") {
        return refuse(400, "client_id, client_secret and grant_type client_credentials are required.");
    }
    if (id->empty() || secret->empty() ||
        !takes(w.options.secrets.mention_me, std::string_view(secret->data(), secret->size()))) {
        return refuse(401, "Invalid client credentials.");
    }
    std::string fresh = make();
    const json::object reply{
        {"access_token", fresh}, {"expires_in", w.options.mention_me_token_s}, {"token_type", "bearer"}};
    w.keep_token(issuer::mention_me, std::move(fresh), now);
    return json_answer(200, reply);
}

answer lapse(const request& r, world& w, micros now) {
    return change(r, w, now, "POST", w.lapsed);
}

answer purge(const request& r, world& w, micros now) {
    return change(r, w, now, "DELETE", w.purged);
}

answer read_back(const request& r, world& w, micros now) {
    std::vector<identifier> ids;
    if (auto refused = open_call(r, w, now, ids)) {
        return std::move(*refused);
    }
    json::array data;
    json::array errors;
    for (const auto& id : ids) {
        if (!is_known(id, w)) {
            errors.push_back(not_done(id, "notFound"));
            continue;
        }
        const auto number = static_cast<std::int64_t>(stable_hash(id.type + id.value) % 1'000'000'000ULL);
        json::object item{{"mentionMeCustomerId", number}};
        item["customerId"] = id.type == "email" ? "C" + std::to_string(number) : id.value;
        if (id.type == "email") {
            item["email"] = id.value;
        }
        data.push_back(std::move(item));
    }
    if (data.empty()) {
        return refuse(404, "Not found.");
    }
    return json_answer(200, json::object{{"data", std::move(data)}, {"errors", std::move(errors)}});
}

} // namespace sandbox::mention_me
