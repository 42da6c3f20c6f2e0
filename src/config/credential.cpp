#include "credential.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

namespace offboard::config {

using kind = document::kind;

namespace {

constexpr std::size_t longest_secret = 4096;

/// The name in `${NAME}`; nothing when the text is not of that form from end to end.
std::optional<std::string_view> variable_in(std::string_view text) {
    if (!text.starts_with("${") || !text.ends_with('}')) return std::nullopt;
    const std::string_view name = text.substr(2, text.size() - 3);
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
    if (name.empty() || !letter(name.front()) || !std::all_of(name.begin(), name.end(), fits))
        return std::nullopt;
    return name;
}

/// The text, when it can be a secret. `of` says where it came from, in a fault.
secret check(section& in, std::string_view name, std::string text, const std::string& of) {
    if (const auto why = text_fault(text, longest_secret); !why.empty()) {
        in.fault(name, of + why);
        return {};
    }
    return secret(std::move(text));
}

secret from_file(section& in, std::string_view name) {
    std::string path;
    if (!in.read_text(name, path)) return {};
    std::ifstream file(path, std::ios::binary);
    std::string text(longest_secret + 2, '\0'); // room for the newline, and to see one that is too long
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) {
        in.fault(name, "the file cannot be read");
        return {};
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return check(in, name, std::move(text), "what stands in the file ");
}

secret from_value(section& in, std::string_view name, const document& value, const variables& environment) {
    if (!value.is(kind::string) && !value.is(kind::number)) {
        in.fault(name, value.is(kind::null) ? "has no value"
                                            : "must be a text; quote it if it looks like something else");
        return {};
    }
    if (const auto variable = variable_in(value.text())) {
        const auto at = environment.find(*variable);
        if (at != environment.end()) return check(in, name, at->second, "the value of the variable ");
        in.fault(name, "names a variable that the environment does not have");
        return {};
    }
    // What came by an environment variable has no line, and is no more in the open than ${VARIABLE} is.
    if (value.line != 0)
        in.out().warn(value.line, in.key_of(name),
                      "a secret in the open; better: " + std::string(name) + "_file, or ${VARIABLE}");
    return check(in, name, value.text(), "");
}

} // namespace

secret read_secret(section& in, std::string_view name, std::string_view name_of_file,
                   const variables& environment) {
    const document* value = in.find(name);
    const document* file = in.find(name_of_file);
    if (value && file) {
        in.fault(name_of_file, "stands beside " + std::string(name) + ": give one of the two");
        return {};
    }
    if (file) return from_file(in, name_of_file);
    if (value) return from_value(in, name, *value, environment);
    in.missing(name, "is required: " + std::string(name) + "_file, or ${VARIABLE}");
    return {};
}

} // namespace offboard::config
