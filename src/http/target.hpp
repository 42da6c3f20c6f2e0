#pragma once

#include "offboard/http/message.hpp"

#include <string_view>

namespace offboard::http {

/// True for host[:port] as RFC 9110 7.2 has it; an empty one is refused, since no http URI lacks its
/// authority.
bool is_authority(std::string_view) noexcept;

/// Takes `target` apart into path and query. Origin form, absolute form (its path counts, as a proxy would
/// send it),
/// `*` for OPTIONS. False for anything else, for CONNECT, for bytes outside ASCII, for broken
/// percent-encoding, and for control characters hidden in the path.
bool split_target(request&);

} // namespace offboard::http
