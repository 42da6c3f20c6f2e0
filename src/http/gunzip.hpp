#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace offboard::http {

/// Decodes gzip (RFC 1952), all its members. Nothing when the bytes are no gzip, end early, have anything
/// else behind them, or would become more than `most` bytes.
std::optional<std::string> gunzip(std::string_view bytes, std::size_t most);

} // namespace offboard::http
