#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// Bytes to feed a decoder with: nonsense, and answers that were valid before something happened to them.
/// Deterministic: the same engine gives the same bytes.
namespace fuzz {

using engine = std::mt19937_64;

inline std::size_t below(engine& random, std::size_t n) {
    return n == 0 ? 0 : static_cast<std::size_t>(random() % n);
}

inline std::string nonsense(engine& random, std::size_t longest) {
    std::string out(below(random, longest + 1), '\0');
    for (char& c : out)
        c = static_cast<char>(random() & 0xFFU);
    return out;
}

/// Names a member of the text twice: the second time before the first, with another value, and sometimes with
/// its first letter escaped. The text stays as it is when it has no member.
inline std::string named_twice(std::string text, engine& random) {
    constexpr std::array<std::string_view, 9> values = {
        "true", "false", "null", "8015", "200", "[]", "{}", "\"x\"", R"([{"code":8015}])"};
    std::vector<std::size_t> ends; // where a `":` stands
    for (std::size_t at = text.find("\":"); at != text.npos; at = text.find("\":", at + 1))
        ends.push_back(at);
    if (ends.empty()) return text;
    const std::size_t end = ends[below(random, ends.size())];
    const std::size_t begin = end == 0 ? text.npos : text.rfind('"', end - 1);
    if (begin == text.npos || begin + 1 == end) return text;
    std::string name = text.substr(begin + 1, end - begin - 1);
    const auto letter = static_cast<unsigned char>(name.front());
    if (below(random, 2) == 0 && letter >= 0x20 && letter < 0x80 && letter != '\\') {
        constexpr std::string_view hex = "0123456789abcdef";
        name = std::string("\\u00") + hex[letter >> 4U] + hex[letter & 15U] + name.substr(1);
    }
    const std::string twin = '"' + name + "\":" + std::string(values[below(random, values.size())]) + ',';
    return text.insert(begin, twin);
}

/// Says no beside whatever an object of the text says, or yes.
inline std::string yes_and_no(std::string text, engine& random) {
    constexpr std::array<std::string_view, 12> words = {
        R"("error":"no",)",
        R"("error":{"code":5},)",
        R"("errors":[{"code":8015}],)",
        R"("errors":["no"],)",
        R"("errors":[{"value":"jo@a.example","reason":"no"}],)",
        R"("success":false,)",
        R"("success":true,)",
        R"("result":false,)",
        R"("status":false,)",
        R"("status":500,)",
        R"("accepted":[{"value":"jo@a.example"}],)",
        R"("updateStatus":{"status":true,"code":200},)"};
    std::vector<std::size_t> objects;
    for (std::size_t at = text.find('{'); at != text.npos; at = text.find('{', at + 1))
        objects.push_back(at + 1);
    if (objects.empty()) return text;
    return text.insert(objects[below(random, objects.size())], words[below(random, words.size())]);
}

/// One to four small accidents: a byte changed, a piece lost, doubled or moved, a token of the vendors'
/// grammar put in.
inline std::string mutated(std::string text, engine& random) {
    constexpr std::array<std::string_view, 34> tokens = {"{",
                                                         "}",
                                                         "[",
                                                         "]",
                                                         ",",
                                                         ":",
                                                         "\"",
                                                         "null",
                                                         "true",
                                                         "false",
                                                         "0",
                                                         "-1",
                                                         "200",
                                                         "1000",
                                                         "8015",
                                                         "8903",
                                                         "2004",
                                                         "2305",
                                                         "8902",
                                                         "8890",
                                                         "99999999999999999999",
                                                         "1e400",
                                                         "\\u0000",
                                                         "\"errors\":[],",
                                                         "\"errors\":[{\"code\":8015}],",
                                                         "\"accepted\":[],",
                                                         "\"result\":{},",
                                                         "\"entityId\":1,",
                                                         "\"revokedEarnIds\":[1],",
                                                         "\"status\":true,",
                                                         "\"status\":false,",
                                                         "\xEF\xBB\xBF",
                                                         "\xFF",
                                                         "<html>"};
    for (std::size_t left = 1 + below(random, 4); left > 0; --left) {
        const std::size_t at = below(random, text.size() + 1);
        const std::size_t size = below(random, 24);
        const std::string piece = at < text.size() ? text.substr(at, size) : std::string();
        switch (below(random, 8)) {
        case 0:
            if (at < text.size()) text[at] = static_cast<char>(random() & 0xFFU);
            break;
        case 1: text.erase(at, size); break;
        case 2: text.insert(at, piece); break;
        case 3: text.insert(below(random, text.size() + 1), piece); break;
        case 5: text = named_twice(std::move(text), random); break;
        case 6: text = yes_and_no(std::move(text), random); break;
        case 4: text.insert(at, tokens[below(random, tokens.size())]); break;
        default: text.replace(at, piece.size(), tokens[below(random, tokens.size())]); break;
        }
    }
    return text;
}

} // namespace fuzz
