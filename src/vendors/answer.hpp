#pragma once

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
/// Anything that is not one JSON text (at most 32 levels, valid UTF-8) has no root, and neither has a text in
/// which some object names a member twice: such a text says yes and no. Owns the tree: what is taken from it
/// as a pointer dies with it.
class answer {
public:
    explicit answer(std::string_view body);
    answer(const answer&) = delete;
    answer& operator=(const answer&) = delete;

    const boost::json::value* root() const noexcept { return root_ ? &*root_ : nullptr; }
    const boost::json::object* object() const noexcept { return root_ ? root_->if_object() : nullptr; }

private:
    std::array<unsigned char, 8192> buffer_;
    boost::json::monotonic_resource memory_;
    std::optional<boost::json::value> root_;
};

/// The member of that name; null when there is none, or when it is JSON's null, or when `from` is null.
const boost::json::value* member(const boost::json::object* from, std::string_view name) noexcept;
const boost::json::object* object_member(const boost::json::object* from, std::string_view name) noexcept;
const boost::json::array* array_member(const boost::json::object* from, std::string_view name) noexcept;
std::optional<bool> bool_member(const boost::json::object* from, std::string_view name) noexcept;

/// True when a body that is read as a success says somewhere at its top that it is none: `error`, `errors`
/// with something in it, `success` or `status` false.
bool denies_success(const boost::json::object*) noexcept;

/// A whole number of 64 bits, written as a number (8015 and 8015.0 are one number) or as a string of digits.
std::optional<std::int64_t> whole_number(const boost::json::value*) noexcept;
std::optional<std::int64_t> whole_number(std::string_view digits) noexcept;

/// The same, and greater than nought: vendors write 0 and -1 where they mean that there is no such thing.
std::optional<std::int64_t> id_number(const boost::json::value*) noexcept;

/// The characters of a string, else nothing.
std::optional<std::string_view> text_of(const boost::json::value*) noexcept;

/// A vendor's words made fit to keep: at most 256 characters, control characters turned into spaces.
std::string kept_words(std::string_view utf8);

/// What the usual error objects say: `code` (number or digits) and `message`, or `detail` or `title` of RFC
/// 9457.
vendor_detail said(const boost::json::object*);

} // namespace offboard::vendors
