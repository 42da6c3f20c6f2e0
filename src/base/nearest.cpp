#include "offboard/base/nearest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace offboard {

namespace {

constexpr std::size_t longest = 64;
constexpr std::size_t most_apart = 3;

char folded(char c) noexcept {
    if (c == '-') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Damerau's distance with neighbours only; both words have at most `longest` characters.
std::size_t distance(std::string_view a, std::string_view b) noexcept {
    using row = std::array<std::size_t, longest + 1>;
    std::array<row, 3> rows{};
    for (std::size_t j = 0; j <= b.size(); ++j)
        rows[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row& now = rows[i % 3];
        const row& before = rows[(i + 2) % 3];
        const row& earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = folded(a[i - 1]) == folded(b[j - 1]);
            now[j] = std::min({before[j] + 1, now[j - 1] + 1, before[j - 1] + (same ? 0u : 1u)});
            const bool swapped = i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                                 folded(a[i - 2]) == folded(b[j - 1]);
            if (swapped) now[j] = std::min(now[j], earlier[j - 2] + 1);
        }
    }
    return rows[a.size() % 3][b.size()];
}

} // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known) {
    std::optional<std::string_view> found;
    if (word.size() > longest) return found;
    std::size_t least = longest + 1;
    for (const std::string_view candidate : known) {
        if (candidate.size() > longest) continue;
        const std::size_t apart = distance(word, candidate);
        if (apart > std::min<std::size_t>(most_apart, 1 + candidate.size() / 4) || apart >= least) continue;
        least = apart;
        found = candidate;
    }
    return found;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
    const auto meant = nearest(word, known);
    return meant ? "; did you mean " + std::string(*meant) + "?" : std::string();
}

} // namespace offboard
