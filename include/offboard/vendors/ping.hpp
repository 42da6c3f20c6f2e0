#pragma once

#include "offboard/base/exchange.hpp"
#include "offboard/domain/vendor.hpp"
#include "offboard/vendors/codec.hpp"

namespace offboard::vendors {

/// True when a vendor has a call without any effect for this action: the billing platform's
/// `GET /service/ping`, and Mention Me's read of a customer.
bool has_ping(action) noexcept;

/// That call, not authorised yet. Mention Me's reads `who`, a customer of the action; the billing platform's
/// names no customer. Throws std::logic_error for an action without one.
///
/// Any answer below 500 shows that the vendor works. It does not show that the action itself works: a call
/// for one customer has to follow before many go.
outgoing_request ping_request(action, const identifier& who, const wire_settings&);

} // namespace offboard::vendors
