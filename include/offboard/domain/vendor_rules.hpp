#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/domain/vendor.hpp"

#include <cstdint>
#include <string_view>

/// The facts about every vendor, one row each; what is particular to a single call stands in action_rules.hpp
/// and in the codec.
namespace offboard {

/// How the bodies of a vendor's calls are written.
enum class body_format { json, form };

/// How a vendor is called unless the configuration says otherwise.
struct pace {
    consteval pace(std::uint32_t n, duration window, std::uint32_t batch, std::uint32_t in_flight)
        : calls(n), per(window), max_batch(batch), max_in_flight(in_flight) {}
    std::uint32_t calls; ///< at most so many starts in any `per`; 1e9 is no limit
    duration per;
    std::uint32_t max_batch; ///< customers in a call
    std::uint32_t max_in_flight;
};

struct vendor_rule {
    consteval vendor_rule(offboard::vendor v, std::string_view n, offboard::pace p, body_format b,
                          std::string_view unproven, std::string_view done, std::string_view undone)
        : vendor(v), name(n), pace(p), body(b), erasing_unproven(unproven), leaves(done),
          leaves_undone(undone) {}
    offboard::vendor vendor;
    std::string_view name; ///< in configuration, logs, metrics and records of the journal
    offboard::pace pace;
    body_format body;
    // Why the vendor still holds the person's profile, see remains.hpp: after an action that erases and is
    // not proven; after actions that do not erase and are all OK; and where one of those is not OK. Empty:
    // the vendor has no such action.
    std::string_view erasing_unproven;
    std::string_view leaves;
    std::string_view leaves_undone;
};

const vendor_rule& rule_of(vendor) noexcept;

} // namespace offboard
