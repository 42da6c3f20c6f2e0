#pragma once

#include "offboard/http/message.hpp"

#include <optional>
#include <string>

namespace offboard::api {

/// The Idempotency-Key field (draft-ietf-httpapi-idempotency-key-header): a quoted string of structured
/// fields, or, tolerated, a bare token; 1 to 255 characters.
struct idempotency_key {
    std::string text;       ///< unquoted; empty: the field is not there
    std::string_view fault; ///< why it cannot be used; empty: it can
};
idempotency_key read_idempotency_key(const http::request&);

} // namespace offboard::api
