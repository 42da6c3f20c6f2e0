#include "exchange.hpp"

#include <algorithm>
#include <optional>

namespace sandbox {
namespace {

char lower_char(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char l = lower_char(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

std::optional<std::string> decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out.push_back(' ');
        } else if (text[i] == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            out.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

} // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower_char);
    return out;
}

std::string_view request::path() const {
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view request::query() const {
    const auto mark = target.find('?');
    return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

const std::string* request::header(std::string_view name) const {
    const auto found = std::find_if(headers.begin(), headers.end(),
                                    [name](const header_field& f) { return f.name == name; });
    return found == headers.end() ? nullptr : &found->value;
}

bool request::is(std::string_view media_type) const {
    const std::string* field = header("content-type");
    if (field == nullptr) {
        return false;
    }
    std::string type = lower(std::string_view(*field).substr(0, field->find(';')));
    while (!type.empty() && type.back() == ' ') {
        type.pop_back();
    }
    return type == media_type;
}

void answer::set(std::string_view name, std::string value) {
    const std::string wanted = lower(name);
    for (auto& field : headers) {
        if (lower(field.name) == wanted) {
            field.value = std::move(value);
            return;
        }
    }
    headers.push_back({std::string(name), std::move(value)});
}

bool parse_form(std::string_view text, std::vector<header_field>& out) {
    while (!text.empty()) {
        const auto end = text.find('&');
        const std::string_view pair = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (pair.empty()) {
            continue;
        }
        const auto equals = pair.find('=');
        auto name = decode(pair.substr(0, equals));
        auto value = decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
        if (!name || !value) {
            return false;
        }
        out.push_back({std::move(*name), std::move(*value)});
    }
    return true;
}

std::string query_value(std::string_view query, std::string_view name, std::string fallback) {
    std::vector<header_field> pairs;
    if (parse_form(query, pairs)) {
        for (auto& pair : pairs) {
            if (pair.name == name) {
                return std::move(pair.value);
            }
        }
    }
    return fallback;
}

} // namespace sandbox
