#pragma once

#include <string>
#include <string_view>

namespace offboard {

/// UTF-8 text with each character replaced by its simple case folding (Unicode, by utf8proc): texts that
/// differ in case alone become equal. Dotted and dotless i stay what they are. Bytes that are no UTF-8 stay.
std::string fold_case(std::string_view utf8);

/// The same for ASCII letters only.
std::string fold_ascii_case(std::string_view);

/// True when `text` holds `part` in any case. An empty part is in no text.
bool contains_folded(std::string_view text, std::string_view part);

} // namespace offboard
