#pragma once

#include "offboard/base/error.hpp"
#include "offboard/base/exchange.hpp"
#include "offboard/domain/vendor.hpp"

#include <chrono>

namespace offboard::vendors {

/// An access token and how long the vendor says it lives (at least 1 s; a conservative default when it does
/// not say).
struct token {
    secret text;
    std::chrono::seconds lifetime{};
};

/// True for credentials that are exchanged for a token first (Mention Me, Capillary OAuth).
bool needs_token(const credentials&) noexcept;

/// The token call. Only for credentials that need one. Mention Me: POST /api/oauth/token with a JSON body;
/// Capillary: POST /v3/oauth/token/generate with a JSON body of key and secret.
outgoing_request token_request(const credentials&);

/// errc::token_refused when the vendor refused the credentials (400, 401, 403, or 200 with errors instead of
/// a token), errc::token_unavailable for anything else that is not a token, and for a token beside an error
/// or in an answer that names a member twice. `asked_pause` of codec.hpp tells when the vendor wants to be
/// asked again.
result<token> read_token(const credentials&, const incoming_response&);

/// Adds the headers that prove who we are, in place of what an earlier call put there. `access` is the
/// token's text where needs_token, else unused.
void authorise(outgoing_request&, const credentials&, const secret& access);

} // namespace offboard::vendors
