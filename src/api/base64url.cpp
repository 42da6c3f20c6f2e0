#include "base64url.hpp"

#include <cjose/base64.h>
#include <cjose/util.h>

#include <algorithm>
#include <cstdint>

namespace offboard::api {

bool is_base64url(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
    });
}

std::optional<std::string> base64url_decoded(std::string_view text) {
    if (!is_base64url(text) || text.size() % 4 == 1) return std::nullopt;
    std::uint8_t* bytes = nullptr;
    std::size_t size = 0;
    if (!cjose_base64url_decode(text.data(), text.size(), &bytes, &size, nullptr)) return std::nullopt;
    std::string out(reinterpret_cast<const char*>(bytes), size);
    cjose_get_dealloc()(bytes);
    return out;
}

} // namespace offboard::api
