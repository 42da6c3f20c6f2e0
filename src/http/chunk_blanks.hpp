#pragma once

#include <string>
#include <string_view>

namespace offboard::http {

/// Blanks between a chunk's size and the end of its line: senders write them, and Beast's parser refuses
/// them. They mean nothing and hide nothing (RFC 9112, 7.1.1, has them before an extension).
///
/// Of bytes that begin with such a line: how many blanks there are, and the bytes without them. Nothing to
/// take out: 0.
inline std::size_t take_chunk_blanks(std::string_view bytes, std::string& without) {
    std::size_t at = bytes.starts_with("\r\n") ? 2 : 0;
    const std::size_t digits = at;
    const auto is_hex = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    };
    while (at < bytes.size() && is_hex(bytes[at]))
        ++at;
    const std::size_t first = at;
    while (at < bytes.size() && (bytes[at] == ' ' || bytes[at] == '\t'))
        ++at;
    if (first == digits || at == first || bytes.substr(at, 2) != "\r\n") return 0;
    without.assign(bytes.substr(0, first));
    without.append(bytes.substr(at));
    return at - first;
}

} // namespace offboard::http
