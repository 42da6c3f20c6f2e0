#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace offboard::api {

/// What of RFC 7240 is understood. Anything else in the field is ignored, as that document says; of a
/// preference named twice the first counts.
struct preferences {
    bool respond_async = false;
    std::optional<std::chrono::seconds> wait; ///< 0 or more
};

/// `list`: all Prefer fields of the request, joined by commas.
preferences read_prefer(std::string_view list) noexcept;

} // namespace offboard::api
