#include "scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

namespace offboard::config {

namespace {

using std::chrono::duration_cast;

struct unit {
    std::string_view name;
    std::int64_t size; ///< in nanoseconds, or bytes
};

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::array times = {unit{"ms", millisecond}, unit{"s", 1000 * millisecond},
                              unit{"m", 60'000 * millisecond}, unit{"h", 3'600'000 * millisecond},
                              unit{"d", 86'400'000 * millisecond}};
constexpr std::array sizes = {unit{"", 1}, unit{"KiB", 1 << 10}, unit{"MiB", 1 << 20}, unit{"GiB", 1 << 30}};

template <class Units>
std::optional<std::int64_t> parse(std::string_view text, const Units& units) {
    std::int64_t n = 0;
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec != std::errc()) return std::nullopt;
    const std::string_view name = text.substr(static_cast<std::size_t>(stop - text.data()));
    const auto at = std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == name; });
    if (at == units.end() || n > std::numeric_limits<std::int64_t>::max() / at->size) return std::nullopt;
    return n * at->size;
}

template <class Units>
std::string show(std::int64_t n, const Units& units) {
    const unit* best = &units.front();
    for (const unit& u : units)
        if (n >= u.size && n % u.size == 0) best = &u;
    return std::to_string(n / best->size).append(best->name);
}

} // namespace

std::optional<duration> parse_duration(std::string_view text) {
    if (text == "0") return duration::zero();
    const auto n = parse(text, times);
    if (!n) return std::nullopt;
    return duration_cast<duration>(std::chrono::nanoseconds(*n));
}

std::optional<std::size_t> parse_size(std::string_view text) {
    const auto n = parse(text, sizes);
    if (!n) return std::nullopt;
    return static_cast<std::size_t>(*n);
}

std::string show_duration(duration d) {
    if (d == duration::zero()) return "0";
    return show(duration_cast<std::chrono::nanoseconds>(d).count(), times);
}

std::string show_size(std::size_t n) {
    return show(static_cast<std::int64_t>(n), sizes);
}

} // namespace offboard::config
