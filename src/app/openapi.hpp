#pragma once

#include <string_view>

namespace offboard::app {

/// The text of openapi.yaml, put into the program when it is built.
extern const std::string_view openapi_yaml;

} // namespace offboard::app
