#pragma once

#include "world.hpp"

#include <boost/json/object.hpp>

#include <optional>

/// Capillary's loyalty platform: the token call, revoke, delink.
namespace sandbox::capillary {

/// `POST /v3/oauth/token/generate` with `key` and `secret`. The secret `wrong` gives 200 with `data: null`.
answer token(const request& r, world& w, const token_source& make, micros now);

/// `POST /v2/promotion/bulk/revokeEnrolAndEarn`.
answer revoke(const request& r, world& w, micros now);

/// `POST /v2/partnerProgram/deLinkCustomer`: one customer a call.
answer delink(const request& r, world& w, micros now);

/// What every call but the token call needs: POST, JSON, and either a live raw token or the Basic user.
/// Both kinds of credentials at once are refused.
[[nodiscard]] std::optional<answer> refuse_call(const request& r, const world& w, micros now);

/// `base64(user:lowercase-hex(md5(password)))`.
[[nodiscard]] std::string basic_credentials(std::string_view username, std::string_view password);

/// The v2 failure envelope: `errors` and `warnings` at the top.
[[nodiscard]] answer envelope(unsigned status, std::int64_t code, std::string_view message);

/// 401 as for a token that has run out.
[[nodiscard]] answer expired();

/// The vendor's wording of an item code of the revoke call.
[[nodiscard]] std::string_view revoke_message(std::int64_t code);

/// `{"errors":[{status, message, code}],"warnings":[]}`, an entry of `response` that failed.
[[nodiscard]] boost::json::object failed_entry(std::int64_t code);

} // namespace sandbox::capillary
