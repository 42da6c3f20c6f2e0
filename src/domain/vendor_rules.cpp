#include "offboard/domain/vendor_rules.hpp"

#include <array>
#include <chrono>

namespace offboard {

namespace {

using namespace std::chrono_literals;

/// Mention Me documents its budget. Capillary's is the one that its pages name for demo and testing clusters.
/// For billing none is documented.
constexpr std::array<vendor_rule, vendor_count> vendor_table = {
    vendor_rule(vendor::mention_me, "mention_me", pace(300, 5min, 100, 4), body_format::json,
                "purge not confirmed", "lapsed, not purged", "not purged"),
    vendor_rule(vendor::capillary, "capillary", pace(1000, 1min, 100, 16), body_format::json, "",
                "promotions and programmes are revoked, the profile stays",
                "not all promotions and programmes are revoked, and the profile stays"),
    vendor_rule(vendor::billing, "billing", pace(1'000'000'000, 1min, 1, 8), body_format::form,
                "forget not confirmed", "", ""),
};

constexpr bool vendors_in_order() {
    for (std::size_t i = 0; i < vendor_count; ++i)
        if (vendor_table[i].vendor != all_vendors[i] || static_cast<std::size_t>(all_vendors[i]) != i)
            return false;
    return true;
}
static_assert(vendors_in_order(), "one row for each vendor, in the order of the enumeration");

} // namespace

const vendor_rule& rule_of(vendor v) noexcept {
    return vendor_table[static_cast<std::size_t>(v)];
}

std::string_view to_string(vendor v) noexcept {
    return rule_of(v).name;
}

} // namespace offboard
