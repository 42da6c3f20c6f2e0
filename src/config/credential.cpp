#include "credential.hpp"

#include "file.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace offboard::config {

using kind = document::kind;

namespace {

constexpr std::size_t longest_secret = 4096;
constexpr std::size_t key_bytes = 32;

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
    if (is_placeholder(text)) {
        in.fault(name, of + std::string(placeholder_detail));
        return {};
    }
    return secret(std::move(text));
}

/// Of one caller at a time: one that goes, one that comes, and some air.
constexpr std::size_t most_digests = 4;
constexpr std::size_t digest_digits = 64;

std::string_view without_newline(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

secret line_of_file(section& in, std::string_view name) {
    const auto text = read_file(in, name, longest_secret + 2); // room for the newline
    return text ? check(in, name, std::string(without_newline(*text)), "what stands in the file ") : secret();
}

secret text_of_file(section& in, std::string_view name) {
    auto text = read_file(in, name, longest_secret);
    if (text && without_newline(*text).empty()) in.fault(name, "what stands in the file must not be empty");
    return secret(text && !without_newline(*text).empty() ? std::move(*text) : std::string());
}

/// What may be shown is read as secrets are, without their warning.
enum class openness { secret, shown };

secret from_value(section& in, std::string_view name, const document& value, const variables& environment,
                  openness open) {
    if (!value.is(kind::string) && !value.is(kind::number)) {
        in.fault(name, value.is(kind::null) ? "has no value"
                                            : "must be a text; quote it if it looks like something else");
        return {};
    }
    if (const auto variable = variable_in(value.text())) {
        const auto at = environment.find(*variable);
        if (at != environment.end()) return check(in, name, at->second, "the value of the variable ");
        // A name in capitals is a variable's; anything else may be a secret that looks like one.
        const bool named = variable->find_first_of("abcdefghijklmnopqrstuvwxyz") == variable->npos;
        in.fault(name, "names " + (named ? "the variable " + std::string(*variable) : "a variable") +
                           " that the environment does not have");
        return {};
    }
    // What came by an environment variable has no line, and is no more in the open than ${VARIABLE} is.
    if (value.line != 0 && open == openness::secret)
        in.out().warn(value.line, in.key_of(name),
                      "a secret in the open; better: " + std::string(name) +
                          "_file, or \"${VARIABLE}\" in quotes");
    return check(in, name, value.text(), "");
}

/// The secret in whichever form it is there; empty, with a fault, when it is not.
secret read_either(section& in, std::string_view name, std::string_view name_of_file,
                   const variables& environment, secret (*read_file)(section&, std::string_view),
                   openness open = openness::secret) {
    const document* value = in.find(name);
    const document* file = in.find(name_of_file);
    if (value && file) {
        in.fault(name_of_file, "stands beside " + std::string(name) + ": give one of the two");
        return {};
    }
    if (file) return read_file(in, name_of_file);
    if (value) return from_value(in, name, *value, environment, open);
    in.missing(name, "is required: " + std::string(name_of_file) + ", or ${VARIABLE}");
    return {};
}

constexpr std::string_view hexadecimal = "0123456789abcdef";
constexpr std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The whole bytes that digits of `width` bits make one after the other; empty when one is not in the
/// alphabet, or when a bit that is left over is set.
std::string decode(std::string_view digits, std::string_view alphabet, unsigned width) {
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : digits) {
        const std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos) return {};
        bits = bits << width | static_cast<unsigned>(value);
        held += width;
        if (held < 8) continue;
        held -= 8;
        out.push_back(static_cast<char>(bits >> held));
        bits &= (1u << held) - 1;
    }
    return bits == 0 ? out : std::string();
}

/// The bytes of hexadecimal digits, of either case; empty when it is anything else.
std::string from_hexadecimal(std::string_view text) {
    std::string small(text);
    for (char& c : small)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    return decode(small, hexadecimal, 4);
}

/// RFC 4648, sections 8 and 4, by the length that 32 bytes have in each.
secret key_in_text(std::string_view text) {
    std::string key;
    if (text.size() == 2 * key_bytes) {
        key = from_hexadecimal(text);
    } else if (text.size() == 44 && text.ends_with('=')) {
        key = decode(text.substr(0, 43), base64, 6);
    }
    return secret(std::move(key));
}

/// Random bytes are never all text. What is, is half a key in hexadecimal or a pass phrase: neither is a key.
bool is_text(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(),
                       [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t'; });
}

secret bytes_of_file(section& in, std::string_view name) {
    const auto content = read_file(in, name, longest_secret);
    if (!content) return {};
    secret key = key_in_file(*content);
    if (key.empty()) in.fault(name, std::string(no_key_in_file));
    return key;
}

/// A line as sha256sum writes it: the digits, a blank, the mode (a blank or `*`), and a name, which is not
/// looked at. Any other line is given back as it is.
std::string_view digits_of(std::string_view line) {
    const bool named = line.size() > digest_digits + 2 && line[digest_digits] == ' ' &&
                       (line[digest_digits + 1] == ' ' || line[digest_digits + 1] == '*');
    return named ? line.substr(0, digest_digits) : line;
}

} // namespace

secret read_secret(section& in, std::string_view name, std::string_view name_of_file,
                   const variables& environment) {
    return read_either(in, name, name_of_file, environment, line_of_file);
}

secret key_in_file(std::string_view content) {
    if (content.size() == key_bytes && !is_text(content)) return secret(std::string(content));
    return key_in_text(without_newline(content));
}

secret read_key(section& in, std::string_view name, std::string_view name_of_file,
                const variables& environment) {
    const bool in_file = in.has(name_of_file);
    secret given = read_either(in, name, name_of_file, environment, bytes_of_file);
    if (in_file || given.empty()) return given;
    secret key = key_in_text(given.reveal());
    if (key.empty()) in.fault(name, "must be 64 hexadecimal digits, or base64 of 32 bytes");
    return key;
}

std::vector<sha256_digest> read_digests(section& in, std::string_view name, std::string_view name_of_file,
                                        const variables& environment) {
    const secret given = read_either(in, name, name_of_file, environment, text_of_file, openness::shown);
    const bool in_file = in.has(name_of_file);
    std::vector<sha256_digest> out;
    for (std::string_view left = given.reveal(); !left.empty();) {
        const std::string_view line = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(line.size() + 1, left.size()));
        const std::string_view entry = without_newline(line);
        const std::string bytes = from_hexadecimal(in_file ? digits_of(entry) : entry);
        sha256_digest& one = out.emplace_back();
        if (bytes.size() == one.size() && out.size() <= most_digests) {
            std::copy(bytes.begin(), bytes.end(), one.begin());
            continue;
        }
        in.fault(
            in_file ? name_of_file : name,
            in_file ? "must hold the SHA-256 of the key: 64 hexadecimal digits, of at most 4 keys a line each"
                    : "must be the SHA-256 of the key: 64 hexadecimal digits");
        return {};
    }
    return out;
}

} // namespace offboard::config
