#pragma once

#include "offboard/vendors/codec.hpp"

#include <vector>

namespace offboard::vendors {

/// Keeps one customer's data out of another's outcome. A call packs customers of several callers, and a
/// vendor may repeat an identifier in its words. In a call with several customers a verdict keeps the
/// vendor's words and ids only if it has `own_words`, and even then no text that holds the identifier of
/// another place. `code` stays, unless it is another place's identifier. A call with one customer keeps all
/// (delink: all programmes are of one).
void keep_words_apart(const batch&, std::vector<verdict>&);

} // namespace offboard::vendors
