#pragma once

#include "offboard/vendors/codec.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::vendors::mention_me {

/// The `type` of an identifier on the wire.
std::string_view type_of(identifier_kind, const wire_settings&);

/// Finds the places an echoed identifier stands for. Exact first; an email also when only its case or the
/// blanks around it differ, provided that one place alone fits. Borrows the batch.
class matching {
public:
    matching(const batch&, const wire_settings&);

    /// Indices of the places that an echo fits: none, one, or two when it has no type and fits two kinds.
    std::vector<std::size_t> find(std::optional<std::string_view> type, std::string_view value) const;

private:
    std::multimap<std::string_view, std::size_t> exact_;
    std::multimap<std::string, std::size_t> folded_; ///< emails only
    const batch& batch_;
    const wire_settings& wire_;
};

} // namespace offboard::vendors::mention_me
