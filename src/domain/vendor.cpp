#include "offboard/domain/vendor.hpp"

#include <algorithm>

namespace offboard {

namespace {
constexpr std::array<std::string_view, 11> sources = {"FACEBOOK", "WEB_ENGAGE", "INSTORE", "MARTJACK",
                                                      "TMALL",    "TAOBAO",     "JD",      "ECOMMERCE",
                                                      "WEBSITE",  "LINE",       "ALL"};
}

std::string_view to_string(vendor v) noexcept {
    switch (v) {
    case vendor::mention_me: return "mention_me";
    case vendor::capillary: return "capillary";
    case vendor::billing: return "billing";
    }
    return "";
}

vendor vendor_of(action a) noexcept {
    switch (a) {
    case action::lapse: return vendor::mention_me;
    case action::forget: return vendor::billing;
    case action::revoke_earn:
    case action::revoke_enrol:
    case action::delink: return vendor::capillary;
    }
    return vendor::capillary;
}

std::size_t vendor_cap(action a) noexcept {
    switch (a) {
    case action::delink:
    case action::forget: return 1;
    case action::lapse:
    case action::revoke_earn:
    case action::revoke_enrol: return 100;
    }
    return 1;
}

std::optional<std::string> capillary_source(std::string_view name) {
    std::string capitals(name);
    for (char& c : capitals)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (std::ranges::find(sources, capitals) == sources.end()) return std::nullopt;
    return capitals;
}

} // namespace offboard
