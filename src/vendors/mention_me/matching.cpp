#include "matching.hpp"

#include "offboard/base/fold_case.hpp"

#include <stdexcept>

namespace offboard::vendors::mention_me {

namespace {

std::string folded(std::string_view email) {
    const auto first = email.find_first_not_of(' ');
    const auto last = email.find_last_not_of(' ');
    return fold_case(first == email.npos ? std::string_view() : email.substr(first, last - first + 1));
}

/// A type is a word of the protocol: its case tells nothing.
bool same_type(std::string_view a, std::string_view b) {
    return fold_case(a) == fold_case(b);
}

} // namespace

std::string_view type_of(identifier_kind kind, const wire_settings& wire) {
    switch (kind) {
    case identifier_kind::email: return "email";
    case identifier_kind::mention_me_customer_id: return wire.customer_id_type;
    default: throw std::logic_error("an identifier Mention Me cannot look up");
    }
}

matching::matching(const batch& b, const wire_settings& wire) : batch_(b), wire_(wire) {
    for (std::size_t i = 0; i < b.places.size(); ++i) {
        const identifier& who = b.places[i].who;
        exact_.emplace(who.value, i);
        if (who.kind == identifier_kind::email) folded_.emplace(folded(who.value), i);
    }
}

std::vector<std::size_t> matching::find(std::optional<std::string_view> type, std::string_view value) const {
    std::vector<std::size_t> found;
    const auto [first, last] = exact_.equal_range(value);
    for (auto at = first; at != last; ++at)
        if (!type || same_type(*type, type_of(batch_.places[at->second].who.kind, wire_)))
            found.push_back(at->second);
    if (!found.empty() || (type && !same_type(*type, "email"))) return found;
    const std::string key = folded(value);
    if (folded_.count(key) == 1) found.push_back(folded_.find(key)->second);
    return found;
}

} // namespace offboard::vendors::mention_me
