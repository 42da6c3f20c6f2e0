#pragma once

#include "key_set.hpp"

#include "offboard/base/clock.hpp"
#include "offboard/config/auth_settings.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace offboard::api {

/// JSON Web Tokens (RFC 7519) in compact form, signed (RFC 7515), checked as RFC 8725 says. What is wrong is
/// told in sentences of ours that repeat nothing of the token.
inline constexpr std::size_t longest_token = 8192;
inline constexpr auto clock_leeway = std::chrono::seconds(60);

/// Whether it looks like one: three parts.
bool looks_like_token(std::string_view) noexcept;

/// What a header says, once it is known to be acceptable: the algorithm is one of the configured ones, the
/// type is absent, JWT, application/jwt or at+jwt in any case, and nothing is marked critical or stands
/// twice.
struct token_head {
    std::string algorithm;
    std::string kid; ///< empty: it names no key
};
std::optional<token_head> read_token_head(std::string_view token, const config::jwt_settings&,
                                          std::string_view& why);

/// What a token says of who holds it.
struct token_claims {
    std::string sub; ///< 1 to 256 characters, none of them a control character
    config::scope_set scopes;
};

/// What is said when no key made the signature.
inline constexpr std::string_view not_signed_by_its_key = "The token's signature is not that of its key.";

/// Checks the signature, with one key after the other, and then the claims: iss, aud, exp, nbf, iat, sub. The
/// head has been read before, and the keys fit its algorithm.
std::optional<token_claims> verify_token(std::string_view token, std::span<const issuer_key* const>,
                                         const config::jwt_settings&, wall_time now, std::string_view& why);

} // namespace offboard::api
