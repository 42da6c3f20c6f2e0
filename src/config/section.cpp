#include "section.hpp"

#include "scalar.hpp"

#include "offboard/base/ascii.hpp"
#include "offboard/base/nearest.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace offboard::config {

using kind = document::kind;

namespace {

/// What authors of samples write for a value that the operator has to put there; refused as whole values.
constexpr std::array<std::string_view, 8> placeholders = {"changeme", "change-me", "replaceme", "todo",
                                                          "fixme",    "tbd",       "xxx",       "your-value"};

} // namespace

bool is_placeholder(std::string_view text) {
    std::string small = to_lower_ascii(text);
    std::replace(small.begin(), small.end(), '_', '-');
    return small.find("replace-me") != small.npos || (small.starts_with('<') && small.ends_with('>')) ||
           std::find(placeholders.begin(), placeholders.end(), small) != placeholders.end();
}

std::string text_fault(std::string_view text, std::size_t longest) {
    if (text.empty()) return "must not be empty";
    if (text.size() > longest) return "must have at most " + std::to_string(longest) + " characters";
    const bool control = std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
    });
    return control ? "must not contain control characters" : "";
}

bool is_plain_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    });
}

section::section(const document* map, std::string key, std::size_t line, report& out)
    : key_(std::move(key)), line_(line), out_(out), present_(map != nullptr) {
    if (!map || map->is(kind::null)) return;
    if (map->is(kind::object))
        map_ = map;
    else
        out_.fault(map->line, key_, "must be a map of settings, not " + std::string(to_string(map->type())));
}

const document* section::find(std::string_view name) {
    known_.push_back(name);
    return map_ ? map_->find(name) : nullptr;
}

section section::sub(std::string_view name) {
    const document* map = find(name);
    return section(map, key_of(name), map ? map->line : line_, out_);
}

void section::fault(std::string_view name, std::string detail) {
    const document* value = map_ ? map_->find(name) : nullptr;
    out_.fault(value ? value->line : line_, key_of(name), std::move(detail));
}

void section::missing(std::string_view name, std::string detail) {
    out_.fault(line_, key_of(name), std::move(detail));
}

bool section::read_duration(std::string_view name, duration& into, duration least, duration most) {
    const document* value = find(name);
    if (!value) return false;
    const auto d = parse_duration(value->text());
    if (d && *d >= least && *d <= most) {
        into = *d;
        return true;
    }
    const std::string range = show_duration(least) + " to " + show_duration(most);
    fault(name, "must be a duration from " + range + ": a whole number and one of ms, s, m, h, d, as in 10s");
    return false;
}

bool section::read_size(std::string_view name, std::size_t& into, std::size_t least, std::size_t most) {
    const document* value = find(name);
    if (!value) return false;
    const auto n = parse_size(value->text());
    if (n && *n >= least && *n <= most) {
        into = *n;
        return true;
    }
    fault(name, "must be a size from " + show_size(least) + " to " + show_size(most) +
                    ": a whole number of bytes, or one with KiB or MiB");
    return false;
}

std::optional<std::uint64_t> section::number(std::string_view name, std::uint64_t least, std::uint64_t most) {
    const document* value = find(name);
    if (!value) return std::nullopt;
    const auto n = value->as_int();
    if (n && *n >= 0 && static_cast<std::uint64_t>(*n) >= least && static_cast<std::uint64_t>(*n) <= most)
        return static_cast<std::uint64_t>(*n);
    fault(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

bool section::read_text(std::string_view name, std::string& into) {
    const document* value = find(name);
    if (!value) return false;
    if (!value->is(kind::string) && !value->is(kind::number)) {
        fault(name, value->is(kind::null) ? "has no value"
                                          : "must be a text; quote it if it looks like something else");
        return false;
    }
    if (const auto why = text_fault(value->text()); !why.empty()) {
        fault(name, why);
        return false;
    }
    if (is_placeholder(value->text())) {
        fault(name, std::string(placeholder_detail));
        return false;
    }
    into = value->text();
    return true;
}

bool section::require_text(std::string_view name, std::string& into) {
    if (has(name)) return read_text(name, into);
    missing(name, "is required");
    return false;
}

void section::close() {
    if (!map_) return;
    std::set<std::string_view> seen;
    for (const auto& [name, value] : map_->members()) {
        if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
            out_.fault(value.line, key_of(name), "unknown key" + did_you_mean(name, known_));
        } else if (seen.count(name) != 0) {
            const std::size_t first = map_->find(name)->line;
            out_.fault(value.line, key_of(name), "stands twice; first on line " + std::to_string(first));
        }
        seen.insert(name);
    }
}

} // namespace offboard::config
