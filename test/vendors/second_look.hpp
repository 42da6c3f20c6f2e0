#pragma once

#include "offboard/base/document.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

/// What a JSON text says against itself, read by another reader than the decoders' own.
namespace vendors_test {

inline std::optional<offboard::document> second_reading(std::string_view body) {
    if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
    offboard::json_fault fault;
    return offboard::parse_json(body, fault);
}

/// An object of any depth names a member twice.
inline bool names_twice(const offboard::document& d) {
    for (std::size_t i = 0; i < d.members().size(); ++i) {
        if (d.find(d.members()[i].first) != &d.members()[i].second) return true;
        if (names_twice(d.members()[i].second)) return true;
    }
    return std::ranges::any_of(d.elements(), names_twice);
}

inline bool is_false(const offboard::document* d) {
    return d != nullptr && d->is(offboard::document::kind::boolean) && !d->as_bool();
}

/// An `errors` that is there and not an empty list.
inline bool lists_errors(const offboard::document& d) {
    const offboard::document* errors = d.find("errors");
    if (errors == nullptr || errors->is(offboard::document::kind::null)) return false;
    return !errors->is(offboard::document::kind::array) || !errors->elements().empty();
}

/// An error, or the opposite of a success, of the outermost object.
inline bool says_no(const offboard::document& root) {
    const offboard::document* error = root.find("error");
    return (error != nullptr && !error->is(offboard::document::kind::null)) || is_false(root.find("success"));
}

/// A list of items holds that `value`, letter by letter.
inline bool list_names(const offboard::document& root, std::string_view list, std::string_view value) {
    const offboard::document* items = root.find(list);
    if (items == nullptr) return false;
    return std::ranges::any_of(items->elements(), [&](const offboard::document& item) {
        const offboard::document* found = item.find("value");
        return found != nullptr && found->text() == value && item.find("type") == nullptr;
    });
}

} // namespace vendors_test
