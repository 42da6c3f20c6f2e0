#include "faults.hpp"

#include "body.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace json = boost::json;

namespace sandbox {
namespace {

constexpr std::size_t most_faults = 1'000;

constexpr std::array<std::string_view, 9> calls{"any",
                                                "lapse",
                                                "purge",
                                                "read_back",
                                                "revoke",
                                                "delink",
                                                "forget",
                                                "mention_me_token",
                                                "capillary_token"};

constexpr std::array<std::string_view, 28> kinds{"",
                                                 "shuffle",
                                                 "missing_entry",
                                                 "missing_all",
                                                 "null_lists",
                                                 "duplicate_entries",
                                                 "one_entry",
                                                 "no_type",
                                                 "echo_case",
                                                 "success_without_id",
                                                 "result_with_errors",
                                                 "string_codes",
                                                 "issual_id_sample",
                                                 "older_delink_shape",
                                                 "status_false_code_200",
                                                 "html",
                                                 "redirect",
                                                 "not_json",
                                                 "wrong_content_type",
                                                 "expire_token",
                                                 "rate_limited",
                                                 "truncated",
                                                 "cut",
                                                 "cut_after_headers",
                                                 "cut_mid_body",
                                                 "stall",
                                                 "reset",
                                                 "close_after_answer"};

constexpr std::array<std::string_view, 5> replacing_kinds{"html", "redirect", "not_json", "expire_token",
                                                          "rate_limited"};

template <class Names>
bool among(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<unsigned> http_status(const json::value& v) {
    const auto* n = v.if_int64();
    if (n == nullptr || *n < 200 || *n > 599) {
        return std::nullopt;
    }
    return static_cast<unsigned>(*n);
}

bool read_count(const json::object& in, std::string_view name, std::uint64_t& out) {
    if (!in.contains(json::string_view(name.data(), name.size()))) {
        return true;
    }
    const auto n = integer_at(in, name);
    if (!n || *n < 0) {
        return false;
    }
    out = static_cast<std::uint64_t>(*n);
    return true;
}

bool read_text(const json::object& in, std::string_view name, std::string& out) {
    if (!in.contains(json::string_view(name.data(), name.size()))) {
        return true;
    }
    const json::string* text = string_at(in, name);
    if (text != nullptr) {
        out.assign(text->data(), text->size());
    }
    return text != nullptr;
}

bool read_statuses(const json::object& in, fault& out) {
    if (const json::value* one = in.if_contains("status")) {
        out.status = http_status(*one);
        if (!out.status) {
            return false;
        }
    }
    if (!in.contains("statuses")) {
        return true;
    }
    const json::array* list = array_at(in, "statuses");
    if (list == nullptr || list->empty()) {
        return false;
    }
    for (const auto& item : *list) {
        const auto status = http_status(item);
        if (!status) {
            return false;
        }
        out.statuses.push_back(*status);
    }
    out.times = out.statuses.size();
    return true;
}

bool header_safe(std::string_view text) {
    return text.find_first_of("\r\n") == std::string_view::npos;
}

bool read_headers(const json::object& in, fault& out) {
    if (!in.contains("headers")) {
        return true;
    }
    const json::object* fields = object_at(in, "headers");
    if (fields == nullptr) {
        return false;
    }
    for (const auto& field : *fields) {
        const auto value = text_of(field.value());
        const std::string name(field.key().data(), field.key().size());
        if (!value || name.empty() || !header_safe(name) || !header_safe(*value)) {
            return false;
        }
        out.headers.push_back({name, *value});
    }
    return true;
}

} // namespace

bool is_about_customers(std::string_view call) {
    return call == "lapse" || call == "purge" || call == "read_back";
}

bool of_mention_me(std::string_view call) {
    return is_about_customers(call) || call == "mention_me_token";
}

bool of_capillary(std::string_view call) {
    return call == "revoke" || call == "delink" || call == "capillary_token";
}

std::optional<unsigned> fault::wanted_status() const {
    if (statuses.empty()) {
        return status;
    }
    return statuses[static_cast<std::size_t>(used % statuses.size())];
}

bool fault::replaces() const {
    const auto wanted = wanted_status();
    return body.has_value() || among(replacing_kinds, kind) || (kind == "one_entry" && code.has_value()) ||
           (kind.empty() && wanted.has_value() && *wanted >= 300);
}

bool fault::acts() const {
    if (act) {
        return *act;
    }
    return !replaces() && kind != "success_without_id";
}

delivery fault::how() const {
    constexpr std::array<std::pair<std::string_view, delivery>, 7> table{
        {{"truncated", delivery::truncated},
         {"cut", delivery::cut},
         {"cut_after_headers", delivery::cut_after_headers},
         {"cut_mid_body", delivery::cut_mid_body},
         {"stall", delivery::stall},
         {"reset", delivery::reset},
         {"close_after_answer", delivery::close_after}}};
    for (const auto& [name, way] : table) {
        if (name == kind) {
            return way;
        }
    }
    return delivery::whole;
}

std::optional<fault> parse_fault(const json::object& in, std::string& why) {
    fault f;
    why.clear();
    if (!only(in, {"call", "times", "skip", "match", "kind", "latency_ms", "status", "statuses", "body",
                   "content_type", "headers", "code", "retry_after", "act"})) {
        why = "unknown member";
    } else if (!read_text(in, "call", f.call) || !among(calls, f.call)) {
        why = "call is any, lapse, purge, read_back, revoke, delink, forget, mention_me_token or "
              "capillary_token";
    } else if (!read_text(in, "kind", f.kind) || !among(kinds, f.kind)) {
        why = "unknown kind";
    } else if (!read_statuses(in, f)) {
        why = "status is 200 to 599, statuses a list of such";
    } else if (!read_count(in, "times", f.times) || !read_count(in, "skip", f.skip)) {
        why = "times and skip are whole numbers from 0";
    } else if (!read_text(in, "match", f.match) || !read_text(in, "content_type", f.content_type) ||
               !header_safe(f.content_type)) {
        why = "match and content_type are text";
    } else if (!read_headers(in, f)) {
        why = "headers is an object of text or numbers";
    }
    std::uint64_t latency_ms = 0;
    std::uint64_t retry_after = 1;
    if (why.empty() && (!read_count(in, "latency_ms", latency_ms) || latency_ms > 3'600'000 ||
                        !read_count(in, "retry_after", retry_after) || retry_after > 86'400)) {
        why = "latency_ms is 0 to 3600000, retry_after 0 to 86400";
    }
    f.latency = std::chrono::milliseconds(latency_ms);
    f.retry_after = static_cast<std::int64_t>(retry_after);
    if (const json::value* v = in.if_contains("body")) {
        f.body = v->is_string() ? std::string(v->get_string().data(), v->get_string().size())
                                : json::serialize(*v);
    }
    f.code = integer_at(in, "code");
    if (why.empty() && in.contains("code") && !f.code) {
        why = "code is a whole number";
    }
    if (const json::value* v = in.if_contains("act")) {
        if (const bool* act = v->if_bool()) {
            f.act = *act;
        } else if (why.empty()) {
            why = "act is true or false";
        }
    }
    return why.empty() ? std::optional<fault>(std::move(f)) : std::nullopt;
}

bool fault_queue::add(fault f) {
    if (waiting_.size() >= most_faults) {
        return false;
    }
    waiting_.push_back(std::move(f));
    return true;
}

void fault_queue::clear() {
    waiting_.clear();
}

std::optional<fault> fault_queue::draw(std::string_view call, std::string_view body) {
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
        const bool fits = (at->call == "any" || at->call == call) &&
                          (at->match.empty() || body.find(at->match) != std::string_view::npos);
        if (!fits) {
            continue;
        }
        if (at->skip > 0) {
            --at->skip;
            continue;
        }
        fault drawn = *at;
        ++at->used;
        if (at->times != 0 && at->used >= at->times) {
            waiting_.erase(at);
        }
        return drawn;
    }
    return std::nullopt;
}

json::array fault_queue::list() const {
    json::array out;
    for (const auto& f : waiting_) {
        json::object o{
            {"call", f.call}, {"kind", f.kind}, {"times", f.times}, {"used", f.used}, {"skip", f.skip}};
        if (!f.match.empty()) {
            o["match"] = f.match;
        }
        if (const auto status = f.wanted_status()) {
            o["status"] = *status;
        }
        if (f.latency.count() > 0) {
            o["latency_ms"] = f.latency.count() / 1000;
        }
        out.push_back(std::move(o));
    }
    return out;
}

} // namespace sandbox
