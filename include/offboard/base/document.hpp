#pragma once

#include "offboard/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace offboard {

/// A parsed JSON or YAML document that keeps what the usual trees lose: members named twice, every digit of a
/// number, and the line a value stands on. Requests (JSON) and the configuration (YAML) are both read from
/// it, so that a plan can be pasted from one into the other.
class document {
public:
    enum class kind : unsigned char { null, boolean, number, string, array, object };
    using member = std::pair<std::string, document>;

    document() = default;
    static document boolean(bool);
    static document number(std::string text);
    static document string(std::string text);
    static document array();
    static document object();

    kind type() const noexcept { return kind_; }
    bool is(kind k) const noexcept { return kind_ == k; }
    bool as_bool() const noexcept { return flag_; }

    /// The characters of a string; of a number its digits exactly as they were written.
    const std::string& text() const noexcept;

    /// The number as a whole number of 64 bits; nothing when it has a fraction, an exponent, or does not fit.
    std::optional<std::int64_t> as_int() const noexcept;

    /// Of an array; of anything else there are none, and they cannot be changed.
    const std::vector<document>& elements() const noexcept;
    std::vector<document>& elements() { return std::get<std::vector<document>>(content_); }

    /// Members of an object in the order written, doubles included. As for elements().
    const std::vector<member>& members() const noexcept;
    std::vector<member>& members() { return std::get<std::vector<member>>(content_); }

    /// The first member of that name; null when there is none.
    const document* find(std::string_view name) const noexcept;

    /// 1-based line in the source; 0 when the source is one line of JSON.
    std::size_t line = 0;

private:
    kind kind_ = kind::null;
    bool flag_ = false;
    // A body of 4 MiB can have a million values: each takes room for one kind of content only.
    std::variant<std::monostate, std::string, std::vector<document>, std::vector<member>> content_;
};

std::string_view to_string(document::kind) noexcept;

/// What is wrong with a JSON text, and where: a byte offset, never a piece of the text itself.
struct json_fault {
    std::string detail;
    std::size_t offset;
    bool too_many_values = false; ///< it may be JSON: json_bounds::values ended the reading
};

/// What a text may cost to read, for texts that strangers send.
struct json_bounds {
    /// Of an array the elements, of an object the members that are kept: what comes after the first so many
    /// is checked to be JSON and left out.
    std::size_t kept = std::size_t(-1);
    /// In all. Beyond, the text is refused.
    std::size_t values = std::size_t(-1);
};

/// Parses RFC 8259 JSON, nothing beside it: no comments, no trailing commas, valid UTF-8, at most 32 levels.
/// `fault` is set when nothing is returned.
std::optional<document> parse_json(std::string_view text, json_fault& fault);
std::optional<document> parse_json(std::string_view text, json_fault& fault, const json_bounds&);

/// One fault of a document: where (a JSON Pointer, RFC 6901) and what. `detail` repeats no value of the
/// document.
struct fault {
    std::string pointer;
    std::string detail;
    std::size_t line = 0;
    std::string word; ///< the value at fault; shown only for documents without personal data (configuration)
};

/// Gathers every fault of a document, so that its author sees all of them at once. Bounded: beyond
/// `most_faults` one last entry says that there are more.
class fault_list {
public:
    static constexpr std::size_t most_faults = 100;
    void add(std::string pointer, std::string detail, std::size_t line = 0, std::string word = {});
    bool empty() const noexcept { return faults_.empty(); }
    /// True when what is added is only told as "more": a reader of something long may stop.
    bool full() const noexcept { return faults_.size() > most_faults; }
    const std::vector<fault>& all() const noexcept { return faults_; }

private:
    std::vector<fault> faults_;
};

/// `parent` plus one reference token, escaped as RFC 6901 says.
std::string pointer_to(std::string_view parent, std::string_view name);
std::string pointer_to(std::string_view parent, std::size_t index);

/// Reports members that are not in `known` and members named twice. `where` is the object's own pointer.
/// An unknown member's own name is user input and may be personal data: it appears in the pointer only when
/// it is a plain word ([a-z_]{1,40}), else the object's pointer stands for it. What is said of it is the
/// known member with the nearest name, or all that are known.
void check_members(const document& object, std::span<const std::string_view> known, std::string_view where,
                   fault_list& faults);
inline void check_members(const document& object, std::initializer_list<std::string_view> known,
                          std::string_view where, fault_list& faults) {
    check_members(object, std::span(known.begin(), known.size()), where, faults);
}

/// Reports a fault and returns false when `d` is not of kind `k`.
bool expect(const document& d, document::kind k, std::string_view where, fault_list& faults);

} // namespace offboard
