#include "offboard/domain/vendor.hpp"

#include <algorithm>

namespace offboard {

namespace {
constexpr std::array<std::string_view, 11> sources = {"FACEBOOK", "WEB_ENGAGE", "INSTORE", "MARTJACK",
                                                      "TMALL",    "TAOBAO",     "JD",      "ECOMMERCE",
                                                      "WEBSITE",  "LINE",       "ALL"};
}

std::optional<std::string> capillary_source(std::string_view name) {
    std::string capitals(name);
    for (char& c : capitals)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (std::ranges::find(sources, capitals) == sources.end()) return std::nullopt;
    return capitals;
}

} // namespace offboard
