#pragma once

#include "offboard/base/ascii.hpp"
#include "offboard/domain/identifier.hpp"

#include <vector>

namespace offboard::journal {

/// The forms in which an identifier is hashed, so that a lookup finds it: as it was given, and an e-mail also
/// with its ASCII letters in lower case.
inline std::vector<identifier> hashed_forms(const identifier& who) {
    std::vector<identifier> forms{who};
    if (who.kind != identifier_kind::email) return forms;
    std::string lower = to_lower_ascii(who.value);
    if (lower != who.value) forms.push_back({who.kind, std::move(lower)});
    return forms;
}

} // namespace offboard::journal
