#pragma once

#include "record_words.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::journal::record {

/// Writes the members of an object of a record as JSON, defaults left out, straight behind a text: values in
/// between would cost more than all the rest of remembering an operation does.
class writer {
public:
    /// A whole object; `fill` is given its writer.
    template <class Fill>
    static void object(std::string& to, Fill fill) {
        to += '{';
        writer w(to);
        fill(w);
        to += '}';
    }

    void flag(std::string_view name, bool value) {
        if (value) flag(name, std::optional<bool>(true));
    }
    void flag(std::string_view name, const std::optional<bool>& value) {
        if (!value) return;
        begin(name);
        to_ += *value ? "true" : "false";
    }
    void number(std::string_view name, std::int64_t value) {
        if (value != 0) number(name, std::optional<std::int64_t>(value));
    }
    void number(std::string_view name, const std::optional<std::int64_t>& value) {
        if (!value) return;
        begin(name);
        add(*value);
    }
    void text(std::string_view name, std::string_view value) {
        if (value.empty()) return;
        begin(name);
        add(value);
    }
    template <class Enum>
    void word(std::string_view name, Enum value, Enum by_default) {
        if (value != by_default) text(name, word_of(value));
    }
    /// An object, unless nothing is in it.
    template <class Fill>
    void put(std::string_view name, Fill fill) {
        const std::size_t before = to_.size();
        const bool first = first_;
        begin(name);
        const std::size_t inside = to_.size() + 1;
        object(to_, fill);
        if (to_.size() > inside + 1) return;
        to_.resize(before);
        first_ = first;
    }
    /// Objects; `fill` is given the writer of each, and what it is for.
    template <class List, class Fill>
    void objects(std::string_view name, const List& from, Fill fill) {
        list(name, from, [&](const auto& each) { object(to_, [&](writer& to) { fill(to, each); }); });
    }
    template <class List>
    void words(std::string_view name, const List& from) {
        list(name, from, [&](auto each) { add(word_of(each)); });
    }
    void texts(std::string_view name, const std::vector<std::string>& from) {
        list(name, from, [&](const std::string& each) { add(each); });
    }
    void numbers(std::string_view name, const std::vector<std::int64_t>& from) {
        list(name, from, [&](std::int64_t each) { add(each); });
    }
    /// Kind, value, kind, value, …
    void identifiers(std::string_view name, const std::vector<identifier>& from) {
        list(name, from, [&](const identifier& each) {
            add(word_of(each.kind));
            to_ += ',';
            add(each.value);
        });
    }

private:
    explicit writer(std::string& to) : to_(to) {}

    void begin(std::string_view name) {
        to_ += first_ ? "\"" : ",\"";
        to_ += name;
        to_ += "\":";
        first_ = false;
    }
    template <class List, class Add>
    void list(std::string_view name, const List& from, Add add_one) {
        if (from.empty()) return;
        begin(name);
        char before = '[';
        for (const auto& each : from) {
            to_ += before;
            add_one(each);
            before = ',';
        }
        to_ += ']';
    }
    void add(std::int64_t value) {
        std::array<char, 20> digits{}; // as many as the least of them has, with its sign
        const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
        to_.append(digits.begin(), end);
    }
    /// Bytes beyond ASCII go as they are, whether they are UTF-8 or not.
    void add(std::string_view text) {
        static constexpr char hex[] = "0123456789abcdef";
        to_ += '"';
        std::size_t plain = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto c = static_cast<unsigned char>(text[i]);
            if (stands_for_itself[c]) continue;
            to_ += text.substr(plain, i - plain);
            plain = i + 1;
            if (c >= 0x20)
                to_ += {'\\', text[i]};
            else
                to_ += {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        }
        to_ += text.substr(plain);
        to_ += '"';
    }

    static constexpr std::array<bool, 256> stands_for_itself = [] {
        std::array<bool, 256> out{};
        for (std::size_t c = 0x20; c < out.size(); ++c)
            out[c] = c != '"' && c != '\\';
        return out;
    }();

    std::string& to_;
    bool first_ = true;
};

} // namespace offboard::journal::record
