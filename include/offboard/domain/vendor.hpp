#pragma once

#include "offboard/base/secret.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace offboard {

enum class vendor { mention_me, capillary, billing };
inline constexpr std::array all_vendors = {vendor::mention_me, vendor::capillary, vendor::billing};
inline constexpr std::size_t vendor_count = all_vendors.size();

/// `mention_me`, `capillary`, `billing`: the name in configuration, logs and metrics.
std::string_view to_string(vendor) noexcept;

/// Capillary's `source` of a customer, in capitals, whatever case it was given in; nothing when the vendor's
/// page on revoking promotions does not list it.
std::optional<std::string> capillary_source(std::string_view name);

/// Mention Me: OAuth client credentials, sent as JSON to its token endpoint.
struct client_credentials {
    std::string client_id;
    secret client_secret;
};
/// Capillary OAuth: key and secret, exchanged for a token that travels raw in X-CAP-API-OAUTH-TOKEN.
struct capillary_oauth {
    std::string key;
    secret key_secret;
};
/// Capillary Basic: the wire carries the MD5 of the password in lower-case hex, not the password.
struct capillary_basic {
    std::string username;
    secret password;
};
/// Trackfinity: two headers, api-key and api-username.
struct api_key {
    std::string username;
    secret key;
};
using credentials = std::variant<client_credentials, capillary_oauth, capillary_basic, api_key>;

/// A vendor's base URL, taken apart. Plain http only for loopback; configuration sees to it.
struct base_url {
    bool tls = true;
    std::string host; ///< name or address, without brackets
    std::uint16_t port = 443;
    std::string path; ///< prefix without a trailing slash; usually empty
    std::string text; ///< scheme://host[:port][path], for dry runs and logs
};

} // namespace offboard
