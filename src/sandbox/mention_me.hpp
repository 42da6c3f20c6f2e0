#pragma once

#include "world.hpp"

/// Mention Me's Merchant API: the token call, lapse customers, purge customers, get customers.
/// Each handler is request and time in, answer out; the world is what it may change.
namespace sandbox::mention_me {

/// `POST /api/oauth/token`, JSON body. The secret `wrong` is refused; every other pair is a merchant.
answer token(const request& r, world& w, const token_source& make, micros now);

/// `POST /api/merchant/v2/customers/lapse`. Rate limiting is `limit`'s, before this.
answer lapse(const request& r, world& w, micros now);

/// `DELETE /api/merchant/v2/customers`. The person is gone at once.
answer purge(const request& r, world& w, micros now);

/// `POST /api/merchant/v2/customers`: 404 when it knows none of the identifiers.
answer read_back(const request& r, world& w, micros now);

/// Writes the three X-RateLimit fields that every answer of a customers endpoint carries.
void put_limit(answer& a, const admission& place);

/// 429 for a call beyond the window's allowance.
answer over_limit();

/// 401 as for a token that has run out.
answer expired();

} // namespace sandbox::mention_me
