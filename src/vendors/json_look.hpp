#pragma once

#include "offboard/base/document.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::vendors {

/// What must be known of a JSON text before it is read as a tree, because the tree no longer shows it.
struct json_look {
    bool names_twice = false; ///< an object of any depth names a member twice; escapes are resolved first
    std::vector<std::string> members; ///< of the outermost object, in the order written
    std::optional<json_fault> fault;  ///< why the text is no JSON; the other two are void then
};

/// Reads RFC 8259 JSON, at most 32 levels deep. Keeps no value of the text.
json_look look_at(std::string_view text);

/// The text without a leading byte order mark.
std::string_view without_byte_order_mark(std::string_view text) noexcept;

} // namespace offboard::vendors
