#include "metrics_process.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

namespace offboard::telemetry {

namespace {

std::string read_whole(const char* path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The number at the front of the text; what follows it is left alone.
std::optional<double> number_at(std::string_view text) {
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc()) return std::nullopt;
    return static_cast<double>(value);
}

double ticks_per_second() {
    return static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<double> count_open_fds() {
    struct close_dir {
        void operator()(DIR* d) const noexcept { ::closedir(d); }
    };
    const std::unique_ptr<DIR, close_dir> dir(::opendir("/proc/self/fd"));
    if (!dir) return std::nullopt;
    std::size_t entries = 0;
    while (const dirent* entry = ::readdir(dir.get()))
        if (entry->d_name[0] != '.') ++entries;
    return static_cast<double>(entries) - 1; // without the one that reads the directory
}

std::optional<double> fd_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
    if (limit.rlim_cur == RLIM_INFINITY) return std::numeric_limits<double>::infinity();
    return static_cast<double>(limit.rlim_cur);
}

} // namespace

std::optional<stat_line> parse_stat(std::string_view line) {
    // Counting in proc(5) starts at 1; the third field is the first after the bracket.
    constexpr std::size_t first = 3, utime = 14, stime = 15, starttime = 22, rss = 24;
    const std::size_t bracket = line.rfind(')');
    if (bracket == std::string_view::npos || bracket + 2 > line.size()) return std::nullopt;
    line.remove_prefix(bracket + 2);
    std::array<std::string_view, rss - first + 1> fields;
    for (std::string_view& field : fields) {
        const std::size_t end = line.find_first_of(" \n");
        field = line.substr(0, end);
        line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    }
    const auto user = number_at(fields[utime - first]);
    const auto system = number_at(fields[stime - first]);
    const auto start = number_at(fields[starttime - first]);
    const auto pages = number_at(fields[rss - first]);
    if (!user || !system || !start || !pages) return std::nullopt;
    return stat_line{*user + *system, *start, *pages};
}

std::optional<double> parse_boot_time(std::string_view text) {
    constexpr std::string_view name = "\nbtime ";
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    return number_at(text.substr(at + name.size()));
}

process_figures read_process() {
    process_figures out;
    if (const auto line = parse_stat(read_whole("/proc/self/stat"))) {
        out.cpu_seconds = line->cpu_ticks / ticks_per_second();
        out.resident_bytes = line->resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
    }
    out.open_fds = count_open_fds();
    out.max_fds = fd_limit();
    return out;
}

std::optional<double> read_process_start() {
    const auto line = parse_stat(read_whole("/proc/self/stat"));
    const auto boot = parse_boot_time(read_whole("/proc/stat"));
    if (!line || !boot) return std::nullopt;
    return *boot + line->start_ticks / ticks_per_second();
}

} // namespace offboard::telemetry
