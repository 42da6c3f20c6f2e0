#include "report.hpp"

#include <openssl/sha.h>

#include <algorithm>

namespace offboard::config {

void report::fault(std::size_t line, std::string key, std::string detail) {
    faults.push_back(make(line, std::move(key), std::move(detail)));
}

void report::warn(std::size_t line, std::string key, std::string detail) {
    warnings.push_back(make(line, std::move(key), std::move(detail)));
}

void report::read_from(std::string key, std::string_view content) {
    source_file& out = files.emplace_back();
    out.key = std::move(key);
    SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), out.digest.data());
}

void report::came_from(std::string key, std::string variable) {
    origins_.insert_or_assign(std::move(key), std::move(variable));
}

std::string_view report::origin_of(std::string_view key) const {
    for (std::string_view at = key; !at.empty();) {
        if (const auto origin = origins_.find(at); origin != origins_.end()) return origin->second;
        const std::size_t end = at.find_last_of(".[");
        at = at.substr(0, end == std::string_view::npos ? 0 : end);
    }
    // The fault may be in a map that is only there because of a variable below it.
    const std::string below = std::string(key) + ".";
    const auto origin = origins_.lower_bound(below);
    return origin != origins_.end() && origin->first.starts_with(below) ? origin->second : std::string_view();
}

fault report::make(std::size_t line, std::string key, std::string detail) const {
    const std::string_view variable = line == 0 ? origin_of(key) : std::string_view();
    if (!variable.empty()) detail.append(" (set by ").append(variable).append(")");
    return {line, std::move(key), std::move(detail)};
}

std::string key_under(std::string_view parent, std::string_view name) {
    const bool plain =
        !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                   c == '-' || c == '.';
        });
    std::string out(parent);
    if (!out.empty()) out += '.';
    return out.append(plain ? name : "?");
}

} // namespace offboard::config
