#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace offboard::telemetry {

/// Writes lines to a file descriptor by a thread of its own, so that nobody waits for a reader that does not
/// read. Lines keep their order. Beyond `most_bytes` waiting, new lines are dropped and counted; when there
/// is room again, a line made by `report` says how many were dropped. Thread-safe.
class line_writer {
public:
    /// Makes the line that tells of dropped lines, with its end of line.
    using report = std::string (*)(std::uint64_t dropped);

    line_writer(int descriptor, report, std::size_t most_bytes = std::size_t(4) << 20);
    line_writer(const line_writer&) = delete;
    line_writer& operator=(const line_writer&) = delete;
    /// Writes what waits, for last_words at most while the reader does not read; the rest is lost.
    ~line_writer();

    static constexpr auto last_words = std::chrono::seconds(1);

    /// `line` ends with an end of line.
    void put(std::string line);

    /// Lines that were dropped since the start.
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

private:
    void run();
    /// False when the descriptor takes nothing and the time for last words is over.
    bool write(std::string_view text);
    bool may_go_on();

    const int descriptor_;
    const report report_;
    const std::size_t most_bytes_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> lines_;
    std::size_t bytes_ = 0;    ///< in lines_
    std::uint64_t untold_ = 0; ///< dropped, and no line says so yet
    std::atomic<std::uint64_t> dropped_{0};
    bool ending_ = false;
    std::chrono::steady_clock::time_point end_at_{};
    std::thread thread_; ///< last: it uses all of the above
};

} // namespace offboard::telemetry
