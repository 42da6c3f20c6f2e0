#pragma once

#include "section.hpp"

#include "offboard/base/secret.hpp"

#include <string_view>
#include <vector>

namespace offboard::config {

/// The secret `name` of a section, in one of its three forms: `name_file: PATH` (a newline at its end is
/// dropped), `name: ${VARIABLE}`, or in the open, which is a warning when it stands in the file. Required; at
/// fault it is empty. No fault and no warning repeats it.
secret read_secret(section& in, std::string_view name, std::string_view name_of_file,
                   const variables& environment);

/// The same for a key of 32 bytes: in hexadecimal or base64 or, in a file only, as they are.
secret read_key(section& in, std::string_view name, std::string_view name_of_file,
                const variables& environment);

/// The key in the content of such a file; empty when it holds none, for which there are words.
secret key_in_file(std::string_view content);
inline constexpr std::string_view no_key_in_file =
    "the file must hold 64 hexadecimal digits, base64 of 32 bytes, or 32 random bytes";

/// A SHA-256 in 64 hexadecimal digits, in the same three forms; no secret, so no warning. A file may hold
/// several, a line each, alone or as sha256sum writes them: while one key takes the place of another both are
/// good. None at fault.
std::vector<sha256_digest> read_digests(section& in, std::string_view name, std::string_view name_of_file,
                                        const variables& environment);

} // namespace offboard::config
