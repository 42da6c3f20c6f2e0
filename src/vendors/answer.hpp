#pragma once

#include "json_look.hpp"
#include "offboard/base/exchange.hpp"
#include "offboard/domain/step.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace offboard::vendors {

/// A vendor's body read as JSON, whatever its content type says. A leading byte order mark is ignored.
/// Anything that is not one JSON text (at most 32 levels, valid UTF-8) has no root, and neither has a text
/// that names a member twice: two readers need not agree on what such a text says (RFC 8259, section 4). Owns
/// the tree: what is taken from it as a pointer dies with it.
class answer {
public:
    explicit answer(std::string_view body);
    answer(const answer&) = delete;
    answer& operator=(const answer&) = delete;

    const boost::json::value* root() const noexcept { return root_ ? &*root_ : nullptr; }
    const boost::json::object* object() const noexcept { return root_ ? root_->if_object() : nullptr; }

    /// Some object of the text, at whatever depth, names a member twice, however the name is escaped.
    bool names_twice() const noexcept { return look_.names_twice; }

private:
    json_look look_;
    std::array<unsigned char, 8192> buffer_;
    boost::json::monotonic_resource memory_;
    std::optional<boost::json::value> root_;
};

/// The member of that name; null when there is none, or when it is JSON's null, or when `from` is null.
const boost::json::value* member(const boost::json::object* from, std::string_view name) noexcept;
const boost::json::object* object_member(const boost::json::object* from, std::string_view name) noexcept;
const boost::json::array* array_member(const boost::json::object* from, std::string_view name) noexcept;
std::optional<bool> bool_member(const boost::json::object* from, std::string_view name) noexcept;

/// A whole number of 64 bits, written as a number or as a string of digits.
std::optional<std::int64_t> whole_number(const boost::json::value*) noexcept;
std::optional<std::int64_t> whole_number(std::string_view digits) noexcept;

/// The same, and greater than nought: vendors write 0 and -1 where they mean that there is no such thing.
std::optional<std::int64_t> id_number(const boost::json::value*) noexcept;

/// True when a flag says that all is not well: `success`, `ok` or `status` is `false`.
bool denies(const boost::json::object*) noexcept;

/// True when a flag says that all is well: `success`, `ok`, `status` or `result` is `true`.
bool affirms(const boost::json::object*) noexcept;

/// True when the object tells of an error beside its lists: an `error` that is there, or an HTTP status of
/// 400 or more in `status` (RFC 9457).
bool has_error(const boost::json::object*) noexcept;

/// The same, or `errors` that are not an empty list.
bool tells_of_error(const boost::json::object*) noexcept;

/// The characters of a string, else nothing.
std::optional<std::string_view> text_of(const boost::json::value*) noexcept;

/// A vendor's words made fit to keep: at most 256 characters, control characters turned into spaces.
std::string kept_words(std::string_view utf8);

/// What the usual error objects say: `code` (number or digits) and `message`, or `detail` or `title` of RFC
/// 9457.
vendor_detail said(const boost::json::object*);

} // namespace offboard::vendors
