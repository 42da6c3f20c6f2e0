#include "body.hpp"
#include "engine.hpp"
#include "page.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <charconv>

namespace json = boost::json;

namespace sandbox {
namespace {

answer refuse(unsigned status, std::string_view why) {
    return json_answer(status, json::object{{"error", json::string(why.data(), why.size())}});
}

std::uint64_t number_in(std::string_view query, std::string_view name, std::uint64_t fallback) {
    const std::string text = query_value(query, name, {});
    std::uint64_t out = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc() && end == text.data() + text.size() ? out : fallback;
}

json::array texts(const std::vector<std::string>& of) {
    json::array out;
    for (const auto& text : of) {
        out.emplace_back(text);
    }
    return out;
}

json::object settings_json(const settings& s) {
    return {{"mention_me_token_s", s.mention_me_token_s},
            {"capillary_token_s", s.capillary_token_s},
            {"rate_limit", json::object{{"calls", s.rate_calls}, {"per_ms", s.rate_per.count() / 1000}}},
            {"latency_ms", s.latency.count() / 1000},
            {"basic", json::object{{"username", s.basic_username}, {"password", s.basic_password}}},
            {"secrets", json::object{{"mention_me", texts(s.secrets.mention_me)},
                                     {"capillary", texts(s.secrets.capillary)},
                                     {"billing", texts(s.secrets.billing)},
                                     {"basic", texts(s.secrets.basic)}}},
            {"customer_id_type", s.customer_id_type},
            {"revoke_failure_status", s.revoke_failure_status},
            {"forget_absent_status", s.forget_absent_status},
            {"lapse_all_unknown_404", s.lapse_all_unknown_404},
            {"partial_earn_ids", s.partial_earn_ids}};
}

/// Takes a number between the bounds into `out` when it is there; false when it is there and wrong.
bool take(const json::object& in, std::string_view name, std::int64_t low, std::int64_t high,
          std::int64_t& out) {
    if (!in.contains(json::string_view(name.data(), name.size()))) {
        return true;
    }
    const auto n = integer_at(in, name);
    if (!n || *n < low || *n > high) {
        return false;
    }
    out = *n;
    return true;
}

bool take(const json::object& in, std::string_view name, bool& out) {
    const json::value* v = in.if_contains(json::string_view(name.data(), name.size()));
    const bool* b = v == nullptr ? nullptr : v->if_bool();
    out = b == nullptr ? out : *b;
    return v == nullptr || b != nullptr;
}

bool take(const json::object& in, std::string_view name, std::string& out) {
    const json::value* v = in.if_contains(json::string_view(name.data(), name.size()));
    const json::string* s = v == nullptr ? nullptr : v->if_string();
    if (s != nullptr) {
        out.assign(s->data(), s->size());
    }
    return v == nullptr || (s != nullptr && !s->empty());
}

/// A list of texts.
bool take(const json::object& in, std::string_view name, std::vector<std::string>& out) {
    if (!in.contains(json::string_view(name.data(), name.size()))) {
        return true;
    }
    const json::array* list = array_at(in, name);
    if (list == nullptr) {
        return false;
    }
    std::vector<std::string> read;
    for (const auto& item : *list) {
        const json::string* text = item.if_string();
        if (text == nullptr || text->empty()) {
            return false;
        }
        read.emplace_back(text->data(), text->size());
    }
    out = std::move(read);
    return true;
}

bool read_settings(const json::object& in, settings& s) {
    constexpr std::int64_t day_ms = 86'400'000;
    std::int64_t latency_ms = s.latency.count() / 1000;
    std::int64_t per_ms = s.rate_per.count() / 1000;
    bool good = only(in, {"mention_me_token_s", "capillary_token_s", "rate_limit", "latency_ms", "basic",
                          "secrets", "customer_id_type", "revoke_failure_status", "forget_absent_status",
                          "lapse_all_unknown_404", "partial_earn_ids"}) &&
                take(in, "mention_me_token_s", 0, day_ms, s.mention_me_token_s) &&
                take(in, "capillary_token_s", 0, day_ms, s.capillary_token_s) &&
                take(in, "latency_ms", 0, 3'600'000, latency_ms) &&
                take(in, "customer_id_type", s.customer_id_type) &&
                take(in, "revoke_failure_status", 200, 599, s.revoke_failure_status) &&
                take(in, "forget_absent_status", 200, 599, s.forget_absent_status) &&
                take(in, "lapse_all_unknown_404", s.lapse_all_unknown_404) &&
                take(in, "partial_earn_ids", s.partial_earn_ids);
    if (good && in.contains("rate_limit")) {
        const json::object* rate = object_at(in, "rate_limit");
        good = rate != nullptr && only(*rate, {"calls", "per_ms"}) &&
               take(*rate, "calls", 0, 1'000'000'000, s.rate_calls) &&
               take(*rate, "per_ms", 1, day_ms, per_ms);
    }
    if (good && in.contains("basic")) {
        const json::object* basic = object_at(in, "basic");
        good = basic != nullptr && only(*basic, {"username", "password"}) &&
               take(*basic, "username", s.basic_username) && take(*basic, "password", s.basic_password);
    }
    if (good && in.contains("secrets")) {
        const json::object* secrets = object_at(in, "secrets");
        good = secrets != nullptr && only(*secrets, {"mention_me", "capillary", "billing", "basic"}) &&
               take(*secrets, "mention_me", s.secrets.mention_me) &&
               take(*secrets, "capillary", s.secrets.capillary) &&
               take(*secrets, "billing", s.secrets.billing) && take(*secrets, "basic", s.secrets.basic);
    }
    s.latency = std::chrono::milliseconds(latency_ms);
    s.rate_per = std::chrono::milliseconds(per_ms);
    return good;
}

json::object tallies_json(const std::map<std::string, tally>& of) {
    json::object out;
    for (const auto& [key, t] : of) {
        if (t.times > 0) {
            out[key] = t.times;
        }
    }
    return out;
}

json::object state_json(const world& w) {
    json::array earns;
    json::array enrolments;
    for (const auto& [key, h] : w.all_holdings()) {
        for (const auto& [id, times] : h.revoked) {
            earns.push_back(json::object{
                {"entity_id", key.first}, {"promotion", key.second}, {"earn_id", id}, {"times", times}});
        }
        if (h.enrolment_revocations > 0) {
            enrolments.push_back(json::object{{"entity_id", key.first},
                                              {"promotion", key.second},
                                              {"issual_id", h.issual_id},
                                              {"times", h.enrolment_revocations}});
        }
    }
    json::object forgotten;
    for (const auto& [key, t] : w.forgotten) {
        forgotten[key] = json::object{{"times", t.times}, {"keep", t.keep}};
    }
    return {{"lapsed", tallies_json(w.lapsed)},     {"purged", tallies_json(w.purged)},
            {"revoked_earns", std::move(earns)},    {"revoked_enrolments", std::move(enrolments)},
            {"delinked", tallies_json(w.delinked)}, {"forgotten", std::move(forgotten)}};
}

answer add_faults(const std::string& body, fault_queue& queue) {
    boost::system::error_code bad;
    json::value v = json::parse(body, bad);
    if (bad || (!v.is_object() && !v.is_array())) {
        return refuse(400, "a fault, or a list of faults");
    }
    const json::array one = v.is_array() ? v.get_array() : json::array{v};
    std::vector<fault> parsed;
    for (const auto& item : one) {
        std::string why = "a fault is an object";
        auto f = item.is_object() ? parse_fault(item.get_object(), why) : std::nullopt;
        if (!f) {
            return refuse(400, why);
        }
        parsed.push_back(std::move(*f));
    }
    for (auto& f : parsed) {
        if (!queue.add(std::move(f))) {
            return refuse(400, "too many faults wait already");
        }
    }
    return json_answer(200, json::object{{"faults", queue.list()}});
}

/// GET tells a customer's earns of a promotion, POST sets them.
answer earns(const request& r, world& w) {
    const auto body = r.method == "POST" ? parse_object(r.body) : std::nullopt;
    const auto want = [&](std::string_view name) {
        const json::string* s = body ? string_at(*body, name) : nullptr;
        return s != nullptr ? std::string(s->data(), s->size()) : query_value(r.query(), name, {});
    };
    const std::string name = want("identifier_name");
    const std::string value = want("identifier_value");
    const std::string promotion = want("promotion_id");
    const json::array* ids = body ? array_at(*body, "earn_ids") : nullptr;
    if (name.empty() || value.empty() || promotion.empty() || (r.method == "POST" && ids == nullptr)) {
        return refuse(400,
                      "identifier_name, identifier_value, promotion_id (and earn_ids) are required, as text");
    }
    const std::int64_t entity = world::entity_of(name, value);
    holding& h = w.holding_of(entity, promotion);
    if (ids != nullptr) {
        h.earns.clear();
        for (const auto& id : *ids) {
            const auto* number = id.if_int64();
            if (number == nullptr) {
                return refuse(400, "earn_ids are whole numbers");
            }
            h.earns.insert(*number);
        }
    }
    json::array left;
    for (const auto id : h.earns) {
        left.emplace_back(id);
    }
    return json_answer(200, json::object{{"entity_id", entity},
                                         {"promotion", promotion},
                                         {"enrolled", h.enrolled},
                                         {"issual_id", h.issual_id},
                                         {"earn_ids", std::move(left)}});
}

} // namespace

outcome engine::control(const request& r, micros now) {
    outcome out;
    const std::string_view path = r.path();
    const bool get = r.method == "GET";
    const bool post = r.method == "POST";
    const bool remove = r.method == "DELETE";
    if (get && (path == "/" || path == "/sandbox")) {
        out.reply.content_type = "text/html; charset=utf-8";
        out.reply.body = page(record_, world_, now);
    } else if (get && path == "/sandbox/calls") {
        out.reply = json_answer(
            200, record_.calls(query_value(r.query(), "call", {}), number_in(r.query(), "after", 0),
                               static_cast<std::size_t>(number_in(r.query(), "limit", 20'000))));
    } else if (get && path == "/sandbox/counts") {
        const auto per_ms = static_cast<std::uint64_t>(world_.options.rate_per.count() / 1000);
        const std::uint64_t window_ms =
            std::min<std::uint64_t>(number_in(r.query(), "window_ms", per_ms), 86'400'000);
        json::object counts =
            record_.counts(std::chrono::milliseconds(std::max<std::uint64_t>(1, window_ms)));
        out.reply = json_answer(200, json::object{{"window_ms", window_ms}, {"calls", std::move(counts)}});
    } else if (get && path == "/sandbox/state") {
        out.reply = json_answer(200, state_json(world_));
    } else if (path == "/sandbox/earns" && (get || post)) {
        out.reply = earns(r, world_);
    } else if (get && path == "/sandbox/settings") {
        out.reply = json_answer(200, settings_json(world_.options));
    } else if (post && path == "/sandbox/settings") {
        settings wanted = world_.options;
        const auto body = parse_object(r.body);
        if (body && read_settings(*body, wanted)) {
            world_.options = wanted;
            if (body->contains("rate_limit")) {
                world_.restart_rate();
            }
            out.reply = json_answer(200, settings_json(wanted));
        } else {
            out.reply = refuse(400, "unknown or unfit setting; nothing was changed");
        }
    } else if (post && path == "/sandbox/faults") {
        out.reply = add_faults(r.body, faults_);
    } else if (path == "/sandbox/faults" && (get || remove)) {
        if (remove) {
            faults_.clear();
            out.release_stalls = true;
        }
        out.reply = json_answer(200, json::object{{"faults", faults_.list()}});
    } else if (remove && path == "/sandbox/tokens") {
        world_.drop_tokens();
        out.reply = json_answer(200, json::object());
    } else if (post && path == "/sandbox/reset") {
        world_.reset();
        faults_.clear();
        record_.clear();
        out.release_stalls = true;
        out.reply = json_answer(200, json::object());
    } else {
        out.reply = refuse(404, "no such route; GET / lists them");
    }
    return out;
}

} // namespace sandbox
