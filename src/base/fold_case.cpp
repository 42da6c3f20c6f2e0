#include "offboard/base/fold_case.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace offboard {

std::string fold_case(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size();) {
        // No character is longer than four bytes: the lengths fit ICU's 32 bits, whatever the text's length
        // is.
        const auto* from = reinterpret_cast<const std::uint8_t*>(utf8.data() + at);
        const auto left = static_cast<std::int32_t>(std::min<std::size_t>(utf8.size() - at, 4));
        std::int32_t used = 0;
        UChar32 character = 0;
        U8_NEXT(from, used, left, character);
        if (character < 0) {
            out.append(utf8.substr(at, static_cast<std::size_t>(used)));
        } else {
            std::array<std::uint8_t, 4> bytes{};
            std::int32_t size = 0;
            const auto folded = static_cast<std::uint32_t>(u_foldCase(character, U_FOLD_CASE_DEFAULT));
            U8_APPEND_UNSAFE(bytes.data(), size, folded);
            out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
        }
        at += static_cast<std::size_t>(used);
    }
    return out;
}

} // namespace offboard
