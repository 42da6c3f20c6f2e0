#pragma once

#include "offboard/http/message.hpp"

#include <optional>

/// What is refused of a request by its head alone, before its body is read: one function a kind of route.
/// Nothing where the request may go on.
namespace offboard::api {

std::optional<http::response> admit_post(const http::request& head);
/// Retry and cancel: what is to be done stands in the path.
std::optional<http::response> admit_command(const http::request& head);
std::optional<http::response> admit_get(const http::request& head);
std::optional<http::response> admit_openapi(const http::request& head);

} // namespace offboard::api
