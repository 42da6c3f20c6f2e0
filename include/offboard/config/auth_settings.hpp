#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/domain/vendor.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::config {

/// What a caller may do. A closed set.
enum class scope : std::uint8_t {
    write,   ///< offboard:write: POST /offboard
    read,    ///< offboard:read: GET /offboard/{id}
    erase,   ///< offboard:erase: a plan that forgets, besides write
    operate, ///< offboard:operate: retry, cancel, lookup, erase_gate none, and the operations of all callers
};
inline constexpr std::array all_scopes = {scope::write, scope::read, scope::erase, scope::operate};

std::string_view to_string(scope) noexcept;
/// Nothing for any other word.
std::optional<scope> scope_from(std::string_view) noexcept;

class scope_set {
public:
    void add(scope s) noexcept { bits_ = static_cast<std::uint8_t>(bits_ | 1u << static_cast<unsigned>(s)); }
    void add(scope_set other) noexcept { bits_ = static_cast<std::uint8_t>(bits_ | other.bits_); }
    bool has(scope s) const noexcept { return (bits_ >> static_cast<unsigned>(s) & 1u) != 0; }
    bool empty() const noexcept { return bits_ == 0; }
    bool operator==(const scope_set&) const = default;

private:
    std::uint8_t bits_ = 0;
};

/// How many requests a caller may make: so many at once, and `requests` in every `per` from then on.
struct caller_quota {
    std::uint32_t requests = 0; ///< 1 to 1e6
    duration per{};             ///< 1s to 24h
};

using sha256_digest = std::array<unsigned char, 32>;

struct caller_key {
    std::string name; ///< of the caller: 1 to 64 of A-Z a-z 0-9 . _ -; an entry for each of its keys
    sha256_digest sha256{};
    scope_set scopes;
    std::optional<caller_quota> quota;
};

/// What a token's subject may do besides what its claim says: for issuers that know no scopes, as Kubernetes.
struct subject_grant {
    std::string sub;
    scope_set scopes;
};

/// Tokens of one issuer (RFC 7519, checked as RFC 8725 says).
struct jwt_settings {
    std::string issuer;                                       ///< `iss`, to the letter
    std::string audience;                                     ///< among `aud`
    std::string jwks_file;                                    ///< either this
    base_url jwks_url;                                        ///< or this: its path is the whole target
    std::string roots;                                        ///< of jwks_url, in PEM; empty: the system's
    std::vector<std::string> algorithms = {"RS256", "ES256"}; ///< asymmetric ones only
    std::string scopes_claim = "scope";                       ///< a text with words in it, or a list of them
    std::vector<subject_grant> subjects;
    std::optional<caller_quota> quota; ///< of each subject by itself
};

struct auth_settings {
    std::vector<caller_key> api_keys;
    std::optional<jwt_settings> jwt;

    bool required() const noexcept { return !api_keys.empty() || jwt.has_value(); }
};

} // namespace offboard::config
