#include "offboard/base/ulid.hpp"

#include <algorithm>
#include <cstdint>
#include <ctime>

namespace offboard {

namespace {
constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
}

std::string make_ulid(wall_time when, random_source& random) {
    std::string id(26, '0');
    auto ms = static_cast<std::uint64_t>(when.time_since_epoch().count());
    for (std::size_t i = 10; i-- > 0; ms >>= 5)
        id[i] = alphabet[ms & 31];
    for (std::size_t half = 0; half < 2; ++half) {
        std::uint64_t bits = random.next();
        for (std::size_t i = 0; i < 8; ++i, bits >>= 5)
            id[10 + half * 8 + i] = alphabet[bits & 31];
    }
    return id;
}

bool is_ulid(std::string_view text) noexcept {
    return text.size() == 26 && text.front() <= '7' &&
           std::all_of(text.begin(), text.end(), [](char c) { return alphabet.find(c) != alphabet.npos; });
}

std::string to_rfc3339(wall_time when) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
    const auto ms = (when - seconds).count();
    const std::time_t t = seconds.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&t, &parts);
    char text[32];
    const auto n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts);
    std::string out(text, n);
    out += static_cast<char>('0' + ms / 100);
    out += static_cast<char>('0' + ms / 10 % 10);
    out += static_cast<char>('0' + ms % 10);
    return out += 'Z';
}

} // namespace offboard
