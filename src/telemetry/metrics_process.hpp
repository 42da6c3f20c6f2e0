#pragma once

#include <optional>
#include <string_view>

namespace offboard::telemetry {

/// This process as /proc shows it, in seconds, bytes and counts. Empty: could not be read.
struct process_figures {
    std::optional<double> cpu_seconds; ///< user and system
    std::optional<double> resident_bytes;
    std::optional<double> open_fds;
    std::optional<double> max_fds; ///< the soft limit; infinite when there is none
};

process_figures read_process();

/// Seconds since 1970. Does not change: read it once.
std::optional<double> read_process_start();

/// The figures of /proc/<pid>/stat that we use (proc(5)), in clock ticks and pages.
struct stat_line {
    double cpu_ticks = 0;
    double start_ticks = 0; ///< since boot
    double resident_pages = 0;
};

/// Nothing when the line is none. The command's name may hold anything, closing brackets and spaces too.
std::optional<stat_line> parse_stat(std::string_view);

/// `btime` of /proc/stat: the boot, in seconds since 1970.
std::optional<double> parse_boot_time(std::string_view);

} // namespace offboard::telemetry
