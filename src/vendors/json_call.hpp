#pragma once

#include "offboard/base/exchange.hpp"

#include <boost/json/object.hpp>

#include <string_view>

namespace offboard::vendors {

/// A call whose body is JSON, with the two headers that every JSON vendor wants.
outgoing_request json_call(std::string_view method, std::string_view target, const boost::json::object& body);

/// A std::string_view as Boost.JSON's own.
inline boost::json::string_view js(std::string_view s) noexcept {
    return {s.data(), s.size()};
}

} // namespace offboard::vendors
