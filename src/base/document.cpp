#include "offboard/base/document.hpp"

#include "offboard/base/nearest.hpp"

#include <algorithm>
#include <charconv>

namespace offboard {

document document::boolean(bool b) {
    document d;
    d.kind_ = kind::boolean;
    d.flag_ = b;
    return d;
}

document document::number(std::string text) {
    document d;
    d.kind_ = kind::number;
    d.content_ = std::move(text);
    return d;
}

document document::string(std::string text) {
    document d;
    d.kind_ = kind::string;
    d.content_ = std::move(text);
    return d;
}

document document::array() {
    document d;
    d.kind_ = kind::array;
    d.content_.emplace<std::vector<document>>();
    return d;
}

document document::object() {
    document d;
    d.kind_ = kind::object;
    d.content_.emplace<std::vector<member>>();
    return d;
}

const std::string& document::text() const noexcept {
    static const std::string none;
    const auto* own = std::get_if<std::string>(&content_);
    return own ? *own : none;
}

const std::vector<document>& document::elements() const noexcept {
    static const std::vector<document> none;
    const auto* own = std::get_if<std::vector<document>>(&content_);
    return own ? *own : none;
}

const std::vector<document::member>& document::members() const noexcept {
    static const std::vector<member> none;
    const auto* own = std::get_if<std::vector<member>>(&content_);
    return own ? *own : none;
}

std::optional<std::int64_t> document::as_int() const noexcept {
    std::int64_t n = 0;
    const std::string& digits = text();
    const char* end = digits.data() + digits.size();
    const auto [stop, ec] = std::from_chars(digits.data(), end, n);
    if (kind_ != kind::number || ec != std::errc() || stop != end) return std::nullopt;
    return n;
}

const document* document::find(std::string_view name) const noexcept {
    const std::vector<member>& own = members();
    const auto at = std::find_if(own.begin(), own.end(), [&](const member& m) { return m.first == name; });
    return at == own.end() ? nullptr : &at->second;
}

std::string_view to_string(document::kind k) noexcept {
    switch (k) {
    case document::kind::null: return "null";
    case document::kind::boolean: return "a boolean";
    case document::kind::number: return "a number";
    case document::kind::string: return "a string";
    case document::kind::array: return "an array";
    case document::kind::object: return "an object";
    }
    return "";
}

void fault_list::add(std::string pointer, std::string detail, std::size_t line, std::string word) {
    if (faults_.size() > most_faults) return;
    if (faults_.size() == most_faults) {
        pointer.clear();
        detail = "there are more faults than are listed here";
        word.clear();
    }
    faults_.push_back({std::move(pointer), std::move(detail), line, std::move(word)});
}

std::string pointer_to(std::string_view parent, std::string_view name) {
    std::string out(parent);
    out += '/';
    for (const char c : name) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

std::string pointer_to(std::string_view parent, std::size_t index) {
    return pointer_to(parent, std::to_string(index));
}

namespace {

/// What is said of an unknown member, in words of ours only.
std::string unknown_member(std::string_view name, std::span<const std::string_view> known) {
    if (const auto close = nearest(name, known))
        return "unknown member: " + std::string(*close) + " is known";
    if (known.empty()) return "unknown member: none is known here";
    std::string out = "unknown member: known are ";
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (i > 0) out += ", ";
        out += known[i];
    }
    return out;
}

} // namespace

void check_members(const document& object, std::span<const std::string_view> known, std::string_view where,
                   fault_list& faults) {
    const auto plain = [](std::string_view name) {
        return !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || c == '_';
        });
    };
    std::vector<std::string_view> seen;
    for (const auto& [name, value] : object.members()) {
        if (faults.full()) return;
        if (std::find(known.begin(), known.end(), name) == known.end())
            faults.add(plain(name) ? pointer_to(where, name) : std::string(where),
                       unknown_member(name, {known.begin(), known.size()}), value.line);
        else if (std::find(seen.begin(), seen.end(), name) != seen.end())
            faults.add(pointer_to(where, name), "member named twice", value.line);
        else
            seen.push_back(name);
    }
}

bool expect(const document& d, document::kind k, std::string_view where, fault_list& faults) {
    if (d.is(k)) return true;
    faults.add(std::string(where), "must be " + std::string(to_string(k)), d.line);
    return false;
}

} // namespace offboard
