#pragma once

#include <array>
#include <compare>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace offboard {

/// The kinds of identifier a caller may give, named as in the contract.
enum class identifier_kind {
    email,
    mobile,
    mention_me_customer_id,
    capillary_id,
    external_id,
    billing_customer_id,
    billing_subscription_id,
    billing_order_id,
};

inline constexpr std::array all_identifier_kinds = {identifier_kind::email,
                                                    identifier_kind::mobile,
                                                    identifier_kind::mention_me_customer_id,
                                                    identifier_kind::capillary_id,
                                                    identifier_kind::external_id,
                                                    identifier_kind::billing_customer_id,
                                                    identifier_kind::billing_subscription_id,
                                                    identifier_kind::billing_order_id};

std::string_view to_string(identifier_kind) noexcept;
std::optional<identifier_kind> identifier_kind_from(std::string_view name) noexcept;

/// One identifier of one person: personal data. It goes to the vendor and back to the caller, and nowhere
/// else. The value is carried exactly as given (a mobile without its leading `+`); 1 to 256 characters, no
/// control characters, no blank at either end. An e-mail has the shape of one; a mobile has 6 to 15 digits.
struct identifier {
    identifier_kind kind = identifier_kind::email;
    std::string value;
    auto operator<=>(const identifier&) const = default;
};

/// Why a text cannot be an identifier of that kind; empty when it can. Never repeats the text.
std::string_view identifier_fault(identifier_kind, std::string_view value) noexcept;

} // namespace offboard
