#include "layout.hpp"

#include <algorithm>
#include <charconv>

namespace offboard::journal::sqlite {

namespace {

constexpr std::size_t size_of_size = 4;

void append_number(std::string& to, std::uint64_t value, std::size_t bytes) {
    to.resize(to.size() + bytes);
    put_number(to.data() + to.size() - bytes, value, bytes);
}

} // namespace

void put_number(char* to, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i)
        to[i] = static_cast<char>(value >> (8 * i));
}

std::uint64_t get_number(std::string_view from) {
    std::uint64_t value = 0;
    for (std::size_t i = from.size(); i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(from[i]);
    return value;
}

std::string pack(const std::vector<std::string>& entries) {
    std::size_t size = 0;
    for (const std::string& each : entries)
        size += size_of_size + each.size();
    std::string out;
    out.reserve(size);
    for (const std::string& each : entries) {
        append_number(out, each.size(), size_of_size);
        out += each;
    }
    return out;
}

std::optional<std::string_view> unpack(std::string_view& packed) {
    if (packed.size() < size_of_size) return std::nullopt;
    const std::size_t size = get_number(packed.substr(0, size_of_size));
    packed.remove_prefix(size_of_size);
    if (packed.size() < size) return std::nullopt;
    const std::string_view entry = packed.substr(0, size);
    packed.remove_prefix(size);
    return entry;
}

void pack_time(std::string& to, std::int64_t time) {
    append_number(to, static_cast<std::uint64_t>(time), packed_time);
}

std::int64_t time_in(std::string_view packed, std::size_t at) {
    return static_cast<std::int64_t>(get_number(packed.substr(at * packed_time, packed_time)));
}

std::string write_steps(const std::vector<std::pair<std::string, std::uint32_t>>& steps) {
    std::string out;
    for (const auto& [id, step] : steps) {
        out += id;
        out += ' ';
        out += std::to_string(step);
        out += '\n';
    }
    return out;
}

std::vector<std::pair<std::string, std::uint32_t>> read_steps(std::string_view text) {
    std::vector<std::pair<std::string, std::uint32_t>> out;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const std::size_t gap = line.rfind(' ');
        std::uint32_t step = 0;
        if (gap == line.npos ||
            std::from_chars(line.data() + gap + 1, line.data() + line.size(), step).ec != std::errc())
            continue;
        out.emplace_back(line.substr(0, gap), step);
    }
    return out;
}

} // namespace offboard::journal::sqlite
