#pragma once

#include "offboard/http/message.hpp"

#include <optional>
#include <string_view>

namespace offboard::api {

/// Whether an Accept list (RFC 9110 12.5.1) admits type/subtype. An absent or empty list admits everything;
/// the most specific matching range decides, and q=0 refuses.
bool accepts(std::string_view accept, std::string_view type, std::string_view subtype) noexcept;

/// Whether an Accept-Encoding list (12.5.3) that is there admits a coding, given in lower case: by its name,
/// or else by "*".
bool accepts_coding(std::string_view accept_encoding, std::string_view coding) noexcept;

/// Whether a Content-Type is application/json, with or without parameters.
bool is_json(std::string_view content_type) noexcept;

/// 400 for a request with a body, on a route that reads none: no place or memory is held by a body that
/// is announced and never comes.
std::optional<http::response> admit_no_body(const http::request& head);

} // namespace offboard::api
