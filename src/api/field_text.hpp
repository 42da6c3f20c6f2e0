#pragma once

#include <algorithm>
#include <string_view>

namespace offboard::api {

/// Without the spaces and tabs around it, which a field's value may have.
inline std::string_view trimmed(std::string_view s) {
    const auto first = s.find_first_not_of(" \t");
    if (first == s.npos) return {};
    return s.substr(first, s.find_last_not_of(" \t") - first + 1);
}

/// Whether `a` is `lower`, whatever the case of its letters.
inline bool same(std::string_view a, std::string_view lower) {
    return std::ranges::equal(a, lower, {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

} // namespace offboard::api
