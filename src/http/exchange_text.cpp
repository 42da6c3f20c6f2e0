#include "exchange_text.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace offboard::http {

namespace {

void append_checked(std::string& out, std::string_view text, bool blanks_allowed) {
    const auto bad = [blanks_allowed](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f || (byte == 0x20 && !blanks_allowed);
    };
    if (std::any_of(text.begin(), text.end(), bad))
        throw std::invalid_argument("a control character in a request head");
    out += text;
}

bool usually_has_body(std::string_view method) noexcept {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

} // namespace

exchange_text::exchange_text(const client_settings& s) : prefix_(s.path_prefix) {
    const bool literal_v6 = s.host.find(':') != std::string::npos;
    // The dot that ends an absolute name is for the resolver alone.
    const std::string name = s.host.ends_with('.') ? s.host.substr(0, s.host.size() - 1) : s.host;
    common_ = " HTTP/1.1\r\nHost: " + (literal_v6 ? '[' + name + ']' : name);
    if (s.port != (s.tls ? 443 : 80)) common_ += ':' + std::to_string(s.port);
    common_ += "\r\nUser-Agent: " + s.user_agent + "\r\nAccept-Encoding: identity\r\n";
}

void exchange_text::write(std::string& out, const outgoing_request& r) const {
    out.clear();
    append_checked(out, r.method, false);
    out += ' ';
    out += prefix_;
    append_checked(out, r.target, false);
    out += common_;
    for (const auto& [name, value] : r.headers) {
        append_checked(out, name, false);
        out += ": ";
        append_checked(out, value, true);
        out += "\r\n";
    }
    if (!r.body.empty() || usually_has_body(r.method)) {
        out += "Content-Length: ";
        out += std::to_string(r.body.size());
        out += "\r\n";
    }
    out += "\r\n";
    out += r.body;
}

} // namespace offboard::http
