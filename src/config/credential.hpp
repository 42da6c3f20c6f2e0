#pragma once

#include "section.hpp"

#include "offboard/base/secret.hpp"

#include <optional>
#include <string_view>

namespace offboard::config {

/// The secret `name` of a section, in one of its three forms: `name_file: PATH` (a newline at its end is
/// dropped), `name: ${VARIABLE}`, or in the open, which is a warning when it stands in the file. Required; at
/// fault it is empty. No fault and no warning repeats it.
secret read_secret(section& in, std::string_view name, std::string_view name_of_file,
                   const variables& environment);

/// The same for a key of 32 bytes: in hexadecimal or base64 or, in a file only, as they are.
secret read_key(section& in, std::string_view name, std::string_view name_of_file,
                const variables& environment);

/// A SHA-256 in 64 hexadecimal digits, in the same three forms; no secret, so no warning. Nothing at fault.
std::optional<sha256_digest> read_digest(section& in, std::string_view name, std::string_view name_of_file,
                                         const variables& environment);

} // namespace offboard::config
