#include "lenient_text.hpp"

#include <algorithm>

namespace offboard::http {

namespace {

constexpr std::string_view end_of_line = "\r\n";
constexpr std::string_view end_of_head = "\r\n\r\n";
constexpr std::string_view hexadecimal = "0123456789abcdefABCDEF";

/// `HTTP/1.1 200`: 0 stands for any digit.
constexpr std::string_view numbered = "HTTP/0.0 000";

bool begins_like(std::string_view bytes, std::string_view pattern) noexcept {
    for (std::size_t i = 0; i < bytes.size() && i < pattern.size(); ++i) {
        const bool digit = bytes[i] >= '0' && bytes[i] <= '9';
        if (pattern[i] == '0' ? !digit : bytes[i] != pattern[i]) return false;
    }
    return true;
}

} // namespace

parser_input mend_status_line(std::string_view bytes, std::string& copy) {
    const parser_input as_it_is{bytes, bytes.size(), false};
    if (!begins_like(bytes, numbered)) return as_it_is;
    const std::string_view after = bytes.substr(std::min(bytes.size(), numbered.size()));
    if (after.empty() || after == "\r") return {};
    if (!after.starts_with(end_of_line)) return as_it_is;
    const std::size_t end = bytes.find(end_of_head);
    if (end == bytes.npos) return {};
    const std::size_t size = end + end_of_head.size();
    copy.assign(bytes.substr(0, numbered.size())).append(" ");
    copy.append(bytes.substr(numbered.size(), size - numbered.size()));
    return {copy, size, true};
}

parser_input chunk_lines::next(std::string_view bytes) {
    const parser_input as_it_is{bytes, bytes.size(), false};
    if (left_ > 0) return as_it_is;
    const std::size_t begin = first_ ? 0 : end_of_line.size(); // the end of the chunk before
    if (bytes.size() < begin) return {};
    const std::size_t line_end = bytes.find(end_of_line, begin);
    if (line_end == bytes.npos) return {};
    const std::size_t digits_end = bytes.find_first_not_of(hexadecimal, begin);
    const std::size_t blanks_end = bytes.find_first_not_of(" \t", digits_end);
    if (digits_end == begin || blanks_end == digits_end || blanks_end != line_end) return as_it_is;
    std::size_t end = line_end + end_of_line.size();
    const bool last = bytes.find_first_not_of('0', begin) == digits_end;
    if (last) {
        // The parser takes the last chunk together with the fields that follow it.
        const std::size_t head_end = bytes.find(end_of_head, begin);
        if (head_end == bytes.npos) return {};
        end = head_end + end_of_head.size();
    }
    copy_.assign(bytes.substr(0, digits_end)).append(bytes.substr(line_end, end - line_end));
    return {copy_, end, true};
}

} // namespace offboard::http
