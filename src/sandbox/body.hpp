#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "exchange.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

/// Reading and writing JSON bodies. Nothing here throws on what a caller sent.
namespace sandbox {

/// The body as an object, or nothing when it is anything else.
[[nodiscard]] std::optional<boost::json::object> parse_object(std::string_view body);

/// A member of that type, or null.
[[nodiscard]] const boost::json::object* object_at(const boost::json::object& in, std::string_view name);
[[nodiscard]] const boost::json::array* array_at(const boost::json::object& in, std::string_view name);
[[nodiscard]] const boost::json::string* string_at(const boost::json::object& in, std::string_view name);

/// A whole number, signed or not, that fits 64 bits. A numeric string is not one.
[[nodiscard]] std::optional<std::int64_t> integer_at(const boost::json::object& in, std::string_view name);

/// A string as it is, a whole number as its digits; nothing for the rest.
[[nodiscard]] std::optional<std::string> text_of(const boost::json::value& v);

/// True when `in` has no member beyond `names`: a misspelt member must not pass unseen.
[[nodiscard]] bool only(const boost::json::object& in, std::initializer_list<std::string_view> names);

[[nodiscard]] answer json_answer(unsigned status, const boost::json::value& body);

/// Digits only, at least one.
[[nodiscard]] bool all_digits(std::string_view text);

} // namespace sandbox
