#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace offboard::telemetry {

/// Writes lines to a file descriptor by a thread of its own, so that no caller waits for a reader that does
/// not read. Lines keep their order. Beyond `most_bytes` waiting, new lines are dropped and counted; when
/// there is room again, a line made by `report` says how many were dropped. Thread-safe.
class line_writer {
public:
    /// Makes the line that tells of dropped lines, with its end of line.
    using report = std::string (*)(std::uint64_t dropped);

    line_writer(int descriptor, report, std::size_t most_bytes = std::size_t(4) << 20);
    line_writer(const line_writer&) = delete;
    line_writer& operator=(const line_writer&) = delete;
    /// Writes what waits, for last_words at most while the reader does not read; the rest is lost. A thread
    /// that the system holds in a write (a terminal that was stopped) is left behind, for the process to end.
    ~line_writer();

    static constexpr auto last_words = std::chrono::seconds(1);

    /// `line` ends with an end of line.
    void put(std::string line);

    /// Waits until what was put is written, for last_words at most. For a process that ends without its
    /// destructors.
    void flush();

    /// Lines that were dropped since the start.
    std::uint64_t dropped() const noexcept;

private:
    struct lines;
    std::shared_ptr<lines> lines_; ///< the thread's too, which may outlive this
    std::thread thread_;
};

} // namespace offboard::telemetry
