#include "body.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <limits>

namespace json = boost::json;

namespace sandbox {

std::optional<json::object> parse_object(std::string_view body) {
    boost::system::error_code fault;
    json::value v = json::parse(json::string_view(body.data(), body.size()), fault);
    if (fault || !v.is_object()) {
        return std::nullopt;
    }
    return std::move(v.get_object());
}

namespace {

const json::value* find(const json::object& in, std::string_view name) {
    return in.if_contains(json::string_view(name.data(), name.size()));
}

} // namespace

const json::object* object_at(const json::object& in, std::string_view name) {
    const json::value* v = find(in, name);
    return v == nullptr ? nullptr : v->if_object();
}

const json::array* array_at(const json::object& in, std::string_view name) {
    const json::value* v = find(in, name);
    return v == nullptr ? nullptr : v->if_array();
}

const json::string* string_at(const json::object& in, std::string_view name) {
    const json::value* v = find(in, name);
    return v == nullptr ? nullptr : v->if_string();
}

std::optional<std::int64_t> integer_at(const json::object& in, std::string_view name) {
    const json::value* v = find(in, name);
    if (v == nullptr) {
        return std::nullopt;
    }
    if (const auto* n = v->if_int64()) {
        return *n;
    }
    return std::nullopt;
}

std::optional<std::string> text_of(const json::value& v) {
    if (const auto* s = v.if_string()) {
        return std::string(s->data(), s->size());
    }
    if (const auto* n = v.if_int64()) {
        return std::to_string(*n);
    }
    if (const auto* n = v.if_uint64()) {
        return std::to_string(*n);
    }
    return std::nullopt;
}

bool only(const json::object& in, std::initializer_list<std::string_view> names) {
    return std::all_of(in.begin(), in.end(), [&names](const json::key_value_pair& member) {
        const std::string_view key(member.key().data(), member.key().size());
        return std::find(names.begin(), names.end(), key) != names.end();
    });
}

answer json_answer(unsigned status, const json::value& body) {
    answer a;
    a.status = status;
    a.body = json::serialize(body);
    return a;
}

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace sandbox
