#pragma once

#include "section.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace offboard::config {

/// What the file holds whose path stands under `name`: up to `most` bytes and one more, so that a longer file
/// shows. Noted in settings::files. Nothing when the key is absent or at fault, or the file cannot be read,
/// which is a fault.
std::optional<std::string> read_file(section& in, std::string_view name, std::size_t most);

/// Certificates in PEM, at least one, from the file whose path stands under `name`. Leaves `into` as it was
/// when the key is absent, and when it is at fault.
void read_certificates(section& in, std::string_view name, std::string& into);

} // namespace offboard::config
