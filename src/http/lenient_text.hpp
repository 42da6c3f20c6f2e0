#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace offboard::http {

/// What a reader hands to Beast's parser next.
struct parser_input {
    std::string_view give; ///< empty: more has to come first
    std::size_t used = 0;  ///< bytes of the message that `give` stands for
    bool mended = false;   ///< `give` is a copy without what Beast refuses
};

/// A status line that ends right after its number (`HTTP/1.1 200` CRLF): RFC 9112 4 wants a blank there, many
/// senders leave it out, and Beast refuses the line. `bytes` begin with the message; a mended header is given
/// whole, in `copy`.
parser_input mend_status_line(std::string_view bytes, std::string& copy);

/// Blanks between the size of a chunk and the end of its line: some senders pad sizes so, and Beast refuses
/// the line. Follows a chunked body from line to line; the reader tells what the parser has found.
class chunk_lines {
public:
    /// `bytes`: what follows what the parser has taken.
    parser_input next(std::string_view bytes);

    void on_chunk(std::uint64_t size) noexcept {
        first_ = false;
        left_ = size;
    }
    void on_bytes(std::size_t n) noexcept { left_ -= n; }

private:
    bool first_ = true;
    std::uint64_t left_ = 0; ///< of the chunk that is being read
    std::string copy_;
};

} // namespace offboard::http
