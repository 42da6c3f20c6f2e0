#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

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
        switch (below(random, 6)) {
        case 0:
            if (at < text.size()) text[at] = static_cast<char>(random() & 0xFFU);
            break;
        case 1: text.erase(at, size); break;
        case 2: text.insert(at, piece); break;
        case 3: text.insert(below(random, text.size() + 1), piece); break;
        case 4: text.insert(at, tokens[below(random, tokens.size())]); break;
        default: text.replace(at, piece.size(), tokens[below(random, tokens.size())]); break;
        }
    }
    return text;
}

} // namespace fuzz
