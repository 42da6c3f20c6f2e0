#pragma once

#include <string>
#include <string_view>

namespace offboard {

/// The text with its ASCII letters in lower case; all other bytes stay.
inline std::string to_lower_ascii(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

} // namespace offboard
