#include "answer_head.hpp"

#include <algorithm>
#include <charconv>

namespace offboard::http {

namespace {

void append_number(std::string& out, std::uint64_t n) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_clean(std::string& out, std::string_view text) {
    const auto bad = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; };
    const std::size_t from = out.size();
    out += text;
    std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(), bad, ' ');
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    append_clean(out, name);
    out += ": ";
    append_clean(out, value);
    out += "\r\n";
}

} // namespace

std::string_view date_line::now() {
    const std::time_t t = std::time(nullptr);
    if (t != second_) {
        std::tm parts{};
        gmtime_r(&t, &parts);
        char text[40];
        text_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
        second_ = t;
    }
    return text_;
}

bool may_have_body(unsigned status) noexcept {
    return status >= 200 && status != 204 && status != 304;
}

void append_head(std::string& out, const response& answer, const framing& frame) {
    out += "HTTP/1.1 ";
    append_number(out, answer.status);
    out += ' ';
    out += reason(answer.status);
    out += "\r\nDate: ";
    out += frame.date;
    out += "\r\nX-Request-Id: ";
    append_clean(out, frame.request_id);
    out += "\r\n";
    bool cache_said = false;
    for (const auto& [name, value] : answer.headers) {
        append_field(out, name, value);
        if (name == "Cache-Control") cache_said = true;
    }
    if (!cache_said) out += "Cache-Control: no-store\r\n";
    if (!answer.content_type.empty()) append_field(out, "Content-Type", answer.content_type);
    if (may_have_body(answer.status)) {
        out += "Content-Length: ";
        append_number(out, answer.payload().size());
        out += "\r\n";
    }
    if (!frame.keep_alive)
        out += "Connection: close\r\n";
    else if (frame.old_version)
        out += "Connection: keep-alive\r\n";
    out += "\r\n";
}

} // namespace offboard::http
