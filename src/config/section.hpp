#pragma once

#include "report.hpp"

#include "offboard/base/document.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::config {

/// One map of the configuration while it is read. Every key that is asked for becomes a known one; close()
/// then reports the others, so that the list of keys stands in one place only: where they are read.
///
/// Every read leaves `into` as it was, the default, when the key is absent, and when it is at fault.
class section {
public:
    /// `map` may be null (the key is absent, or has no value): an empty section. It outlives the section.
    section(const document* map, std::string key, std::size_t line, report& out);

    const std::string& key() const noexcept { return key_; }
    std::size_t line() const noexcept { return line_; }
    bool present() const noexcept { return present_; }
    report& out() noexcept { return out_; }
    std::string key_of(std::string_view name) const { return key_under(key_, name); }

    /// The value under that name; null when there is none.
    const document* find(std::string_view name);

    /// The map under that name; anything else there is a fault, and read as an empty one.
    section sub(std::string_view name);

    /// Whether the key stands here, with whatever value.
    bool has(std::string_view name) { return find(name) != nullptr; }

    bool read_duration(std::string_view name, duration& into, duration least, duration most);
    bool read_size(std::string_view name, std::size_t& into, std::size_t least, std::size_t most);
    template <class Number>
    bool read_count(std::string_view name, Number& into, std::uint64_t least, std::uint64_t most);

    /// A text of 1 to 512 characters without control characters; a number or a word counts as the text it is.
    bool read_text(std::string_view name, std::string& into);

    /// The same for one that has no default.
    bool require_text(std::string_view name, std::string& into);

    void fault(std::string_view name, std::string detail);
    void missing(std::string_view name, std::string detail);

    /// Reports keys that were not read, with the nearest known key, and keys that stand twice.
    void close();

private:
    std::optional<std::uint64_t> number(std::string_view name, std::uint64_t least, std::uint64_t most);

    const document* map_ = nullptr;
    std::string key_;
    std::size_t line_;
    report& out_;
    bool present_ = false;
    std::vector<std::string_view> known_; ///< literals, or keys of the map itself
};

/// A name that goes anywhere: 1 to 64 of A-Z a-z 0-9 . _ -
bool is_plain_id(std::string_view text);

/// A text that samples hold for the reader to replace: `replace-me`, `changeme`, `<client id>`.
bool is_placeholder(std::string_view text);
constexpr std::string_view placeholder_detail = "is a placeholder: put your own value here";

/// Why a text can stand in no header and no form; empty when it can.
std::string text_fault(std::string_view text, std::size_t longest = 512);

template <class Number>
bool section::read_count(std::string_view name, Number& into, std::uint64_t least, std::uint64_t most) {
    const auto n = number(name, least, most);
    if (n) into = static_cast<Number>(*n);
    return n.has_value();
}

} // namespace offboard::config
