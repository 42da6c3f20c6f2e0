#include "words.hpp"

#include "offboard/base/fold_case.hpp"

#include <algorithm>
#include <string>

namespace offboard::vendors {

namespace {

/// The identifiers of a call, folded, so that another spelling of one is recognised.
std::vector<std::string> folded_identifiers(const batch& b) {
    std::vector<std::string> out;
    out.reserve(b.places.size());
    for (const place& p : b.places)
        out.push_back(fold_case(p.who.value));
    return out;
}

bool names_another(const std::string& words, const std::vector<std::string>& identifiers, std::size_t own) {
    if (words.empty()) return false;
    const std::string text = fold_case(words);
    for (std::size_t i = 0; i < identifiers.size(); ++i)
        if (i != own && text.find(identifiers[i]) != text.npos) return true;
    return false;
}

bool is_another(std::int64_t number, const std::vector<std::string>& identifiers, std::size_t own) {
    const std::string text = std::to_string(number);
    for (std::size_t i = 0; i < identifiers.size(); ++i)
        if (i != own && text == identifiers[i]) return true;
    return false;
}

} // namespace

void keep_words_apart(const batch& b, std::vector<verdict>& all) {
    const identifier& first = b.places.front().who;
    if (std::ranges::all_of(b.places, [&](const place& p) { return p.who == first; })) return;
    const std::vector<std::string> identifiers = folded_identifiers(b);
    for (std::size_t i = 0; i < all.size(); ++i) {
        vendor_detail& said = all[i].result.vendor;
        if (!all[i].own_words) {
            vendor_detail code_only;
            code_only.code = said.code;
            said = std::move(code_only);
        }
        if (said.code && is_another(*said.code, identifiers, i)) said.code.reset();
        if (names_another(said.message, identifiers, i)) said.message.clear();
        if (names_another(said.reason, identifiers, i)) said.reason.clear();
    }
}

} // namespace offboard::vendors
