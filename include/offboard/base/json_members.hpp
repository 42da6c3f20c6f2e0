#pragma once

#include <string_view>

namespace offboard {

/// True when some object of a JSON text, at any depth, has two members of one name. Escapes do not matter:
/// "a" and "\u0061" are one name. False for what is not JSON: reading the text says so.
///
/// Two readers need not agree on what such a text says (RFC 8259, section 4), so it proves nothing.
bool names_a_member_twice(std::string_view json);

} // namespace offboard
