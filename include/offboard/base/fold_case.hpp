#pragma once

#include <string>
#include <string_view>

namespace offboard {

/// The text with Unicode's simple case folding: two spellings that differ in case alone become equal, one
/// character stays one character (so "ss" and U+00DF stay apart). For comparisons only, never to be sent or
/// shown. Bytes that are no UTF-8 stay as they are.
std::string fold_case(std::string_view utf8);

} // namespace offboard
