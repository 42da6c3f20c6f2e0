#pragma once

#include "offboard/config/settings.hpp"
#include "offboard/domain/vendor.hpp"

#include <optional>
#include <string_view>

namespace offboard::config {

/// `address:port` with a numeric address, an IPv6 address in brackets; port 0 is any free one.
/// `why` says what is wrong when nothing is returned.
std::optional<endpoint> parse_endpoint(std::string_view text, std::string_view& why);

/// `https://host[:port][/prefix]`. `http://` only when the host is loopback: 127.0.0.0/8, ::1 or localhost.
/// User, query and fragment are refused. Names come back in small letters, the prefix without its last slash.
std::optional<base_url> parse_base_url(std::string_view text, std::string_view& why);
/// The same, and `http://` for any host: where callers come from is theirs to secure.
std::optional<base_url> parse_public_url(std::string_view text, std::string_view& why);

} // namespace offboard::config
