#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace offboard::api {

/// Whether the text is of base64url's alphabet alone (RFC 7515: no padding, no white space), and not empty.
bool is_base64url(std::string_view) noexcept;

/// The bytes; nothing for what is_base64url() refuses, or of a length that no bytes have.
std::optional<std::string> base64url_decoded(std::string_view);

} // namespace offboard::api
