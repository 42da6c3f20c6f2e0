#pragma once

#include "section.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace offboard::config {

/// What a file holds, up to `most` bytes and one more, so that one that is too long shows. Nothing when it
/// cannot be read.
std::optional<std::string> content_of(const std::string& path, std::size_t most);

/// Why a file cannot be read, with its path: `/run/secrets/x cannot be read: Permission denied`.
std::string why_unreadable(const std::string& path);

/// The same of the file whose path stands under `name`; with a fault when it cannot be read, and noted in
/// settings::files when it can.
std::optional<std::string> read_file(section& in, std::string_view name, std::size_t most);

/// Certificates in PEM, at least one, from the file whose path stands under `name`. Leaves `into` as it was
/// when the key is absent, and when it is at fault.
void read_certificates(section& in, std::string_view name, std::string& into);

} // namespace offboard::config
