#pragma once

#include "offboard/domain/operation.hpp"

#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

/// The words of the journal's records. They are in files that outlive a release: none may change.
namespace offboard::journal::record {

template <class Enum>
std::string_view word_of(Enum e) noexcept {
    return to_string(e);
}
inline std::string_view word_of(missing_identifier m) noexcept {
    return m == missing_identifier::reject ? "reject" : "skip";
}
inline std::string_view word_of(promotion_kind k) noexcept {
    return k == promotion_kind::enrol_and_issue ? "enrol_and_issue" : "direct_issue";
}

template <class Enum>
inline constexpr std::array<Enum, 0> all{};
template <>
inline constexpr auto all<action> = all_actions;
template <>
inline constexpr std::array all<step_status> = {
    step_status::pending, step_status::accepted, step_status::succeeded, step_status::absent,
    step_status::skipped, step_status::failed,   step_status::unknown,   step_status::cancelled};
template <>
inline constexpr auto all<identifier_kind> = all_identifier_kinds;
template <>
inline constexpr std::array all<erase_gate> = {erase_gate::all_ok, erase_gate::settled, erase_gate::none};
template <>
inline constexpr std::array all<absent_rule> = {absent_rule::ok, absent_rule::not_ok};
template <>
inline constexpr std::array all<missing_identifier> = {missing_identifier::reject, missing_identifier::skip};
template <>
inline constexpr std::array all<promotion_kind> = {promotion_kind::enrol_and_issue,
                                                   promotion_kind::direct_issue};
static_assert(all<step_status>.size() == step_status_count);

inline boost::json::string_view view(std::string_view text) noexcept {
    return {text.data(), text.size()};
}
inline std::string_view view(const boost::json::string& text) noexcept {
    return {text.data(), text.size()};
}

/// False when it is none of the words.
template <class Enum>
bool read_word(const boost::json::value& from, Enum& out) {
    const boost::json::string* word = from.if_string();
    if (word == nullptr) return false;
    const auto at = std::ranges::find_if(all<Enum>, [&](Enum e) { return word_of(e) == view(*word); });
    if (at == all<Enum>.end()) return false;
    out = *at;
    return true;
}

} // namespace offboard::journal::record
