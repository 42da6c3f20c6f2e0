#include "offboard/api/prefer.hpp"

#include "field_text.hpp"

#include <algorithm>
#include <charconv>

namespace offboard::api {

namespace {

/// Cuts the next element off a list, minding quoted strings.
std::string_view next_element(std::string_view& list) {
    bool quoted = false;
    std::size_t i = 0;
    for (; i < list.size() && (quoted || list[i] != ','); ++i) {
        if (list[i] == '"')
            quoted = !quoted;
        else if (list[i] == '\\' && quoted && i + 1 < list.size())
            ++i;
    }
    const std::string_view element = list.substr(0, i);
    list.remove_prefix(std::min(i + 1, list.size()));
    return element;
}

std::optional<std::chrono::seconds> read_seconds(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    std::uint32_t n = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec == std::errc::result_out_of_range) return std::chrono::hours(1); // longer than any cap of ours
    if (ec != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return std::chrono::seconds(n);
}

} // namespace

preferences read_prefer(std::string_view list) noexcept {
    preferences out;
    bool wait_seen = false;
    while (!list.empty()) {
        std::string_view element = next_element(list);
        element = trimmed(element.substr(0, element.find(';')));
        const auto equals = element.find('=');
        const std::string_view name = trimmed(element.substr(0, equals));
        if (same(name, "respond-async")) {
            out.respond_async = true;
        } else if (same(name, "wait") && equals != element.npos && !wait_seen) {
            wait_seen = true;
            out.wait = read_seconds(trimmed(element.substr(equals + 1)));
        }
    }
    return out;
}

} // namespace offboard::api
