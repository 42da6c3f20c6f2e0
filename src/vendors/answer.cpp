#include "answer.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace json = boost::json;

namespace offboard::vendors {

namespace {

std::string_view view(const json::string& s) noexcept {
    return {s.data(), s.size()};
}

} // namespace

answer::answer(std::string_view body)
    : look_(look_at(without_byte_order_mark(body))), memory_(buffer_.data(), buffer_.size()) {
    if (look_.fault || look_.names_twice) return;
    body = without_byte_order_mark(body);
    json::parse_options options;
    options.max_depth = 32;
    boost::system::error_code ec;
    json::value tree = json::parse({body.data(), body.size()}, ec, json::storage_ptr(&memory_), options);
    if (!ec) root_.emplace(std::move(tree));
}

const json::value* member(const json::object* from, std::string_view name) noexcept {
    if (from == nullptr) return nullptr;
    const json::value* found = from->if_contains({name.data(), name.size()});
    return found == nullptr || found->is_null() ? nullptr : found;
}

const json::object* object_member(const json::object* from, std::string_view name) noexcept {
    const json::value* found = member(from, name);
    return found == nullptr ? nullptr : found->if_object();
}

const json::array* array_member(const json::object* from, std::string_view name) noexcept {
    const json::value* found = member(from, name);
    return found == nullptr ? nullptr : found->if_array();
}

std::optional<bool> bool_member(const json::object* from, std::string_view name) noexcept {
    const json::value* found = member(from, name);
    const bool* flag = found == nullptr ? nullptr : found->if_bool();
    return flag == nullptr ? std::nullopt : std::optional(*flag);
}

bool denies(const json::object* from) noexcept {
    constexpr std::array<std::string_view, 3> flags = {"success", "ok", "status"};
    return std::ranges::any_of(flags,
                               [&](std::string_view name) { return bool_member(from, name) == false; });
}

bool affirms(const json::object* from) noexcept {
    constexpr std::array<std::string_view, 4> flags = {"success", "ok", "status", "result"};
    return std::ranges::any_of(flags, [&](std::string_view name) { return bool_member(from, name) == true; });
}

bool has_error(const json::object* from) noexcept {
    if (member(from, "error") != nullptr) return true;
    const json::value* status = member(from, "status");
    return status != nullptr && status->is_int64() && status->get_int64() >= 400;
}

bool tells_of_error(const json::object* from) noexcept {
    const json::array* list = array_member(from, "errors");
    const bool listed = list == nullptr ? member(from, "errors") != nullptr : !list->empty();
    return listed || has_error(from);
}

std::optional<std::int64_t> whole_number(std::string_view digits) noexcept {
    std::int64_t n = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, ec] = std::from_chars(digits.data(), end, n);
    if (digits.empty() || ec != std::errc() || stop != end) return std::nullopt;
    return n;
}

std::optional<std::int64_t> whole_number(const json::value* v) noexcept {
    if (v == nullptr) return std::nullopt;
    if (const std::int64_t* n = v->if_int64()) return *n;
    if (const json::string* s = v->if_string()) return whole_number(view(*s));
    // 8015 and 8015.0 are one number, as far as a double tells whole numbers apart.
    constexpr double exact = 9007199254740992.0;
    if (const double* d = v->if_double(); d != nullptr && *d == std::trunc(*d) && std::abs(*d) < exact)
        return static_cast<std::int64_t>(*d);
    return std::nullopt; // beyond 63 bits, or with a fraction: no id of anybody
}

std::optional<std::int64_t> id_number(const json::value* v) noexcept {
    const auto n = whole_number(v);
    return n && *n > 0 ? n : std::nullopt;
}

std::optional<std::string_view> text_of(const json::value* v) noexcept {
    const json::string* s = v == nullptr ? nullptr : v->if_string();
    return s == nullptr ? std::nullopt : std::optional(view(*s));
}

std::string kept_words(std::string_view utf8) {
    constexpr std::size_t most = 256;
    std::string out;
    std::size_t characters = 0;
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        const bool starts_character = (byte & 0xC0U) != 0x80U;
        if (starts_character && ++characters > most) break;
        out += byte < 0x20 || byte == 0x7F ? ' ' : c;
    }
    return out;
}

vendor_detail said(const json::object* from) {
    vendor_detail detail;
    detail.code = whole_number(member(from, "code"));
    for (const std::string_view name : {"message", "detail", "title"}) {
        const auto words = text_of(member(from, name));
        if (!words) continue;
        detail.message = kept_words(*words);
        break;
    }
    return detail;
}

} // namespace offboard::vendors
