#include "line_writer.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace offboard::telemetry {

namespace {

/// How often a reader that does not read is looked at.
constexpr int look_again_ms = 100;
/// After last_words, for the thread to see that they are over.
constexpr auto last_look = std::chrono::milliseconds(500);

} // namespace

/// What waits to be written, and the thread that writes it.
struct line_writer::lines {
    lines(int d, report r, std::size_t most) : descriptor(d), told(r), most_bytes(most) {}

    void add(std::string line);
    void run();
    /// False when there is nothing more to write, ever.
    bool take(std::string& text);
    /// False when the descriptor takes nothing and the time for last words is over.
    bool write(std::string_view text);
    bool may_go_on();
    void tell_dropped();
    void end();
    bool wait_for_end();

    const int descriptor;
    const report told;
    const std::size_t most_bytes;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::string> waiting;
    std::size_t bytes = 0;    ///< in waiting
    std::uint64_t untold = 0; ///< dropped, and no line says so yet
    std::atomic<std::uint64_t> dropped{0};
    bool ending = false;
    bool ended = false;   ///< the thread writes no more
    bool writing = false; ///< lines that were taken out of waiting
    std::chrono::steady_clock::time_point end_at{};
};

line_writer::line_writer(int descriptor, report told, std::size_t most_bytes)
    : lines_(std::make_shared<lines>(descriptor, told, most_bytes)), thread_([all = lines_] { all->run(); }) {
}

line_writer::~line_writer() {
    lines_->end();
    // A thread inside a write that does not return can be neither ended nor joined.
    if (lines_->wait_for_end())
        thread_.join();
    else
        thread_.detach();
}

void line_writer::put(std::string line) {
    lines_->add(std::move(line));
}

void line_writer::flush() {
    std::unique_lock lock(lines_->mutex);
    lines_->changed.wait_for(lock, last_words,
                             [this] { return lines_->waiting.empty() && !lines_->writing; });
}

std::uint64_t line_writer::dropped() const noexcept {
    return lines_->dropped.load(std::memory_order_relaxed);
}

void line_writer::lines::add(std::string line) {
    {
        const std::lock_guard lock(mutex);
        if (bytes + line.size() > most_bytes) {
            ++untold;
            dropped.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        tell_dropped();
        bytes += line.size();
        waiting.push_back(std::move(line));
    }
    changed.notify_all();
}

void line_writer::lines::tell_dropped() {
    if (untold == 0) return;
    waiting.push_back(told(std::exchange(untold, 0)));
    bytes += waiting.back().size();
}

bool line_writer::lines::take(std::string& text) {
    text.clear();
    std::unique_lock lock(mutex);
    writing = false;
    changed.notify_all();
    changed.wait(lock, [this] { return ending || !waiting.empty(); });
    if (waiting.empty()) tell_dropped();
    while (!waiting.empty() && text.size() < PIPE_BUF) {
        bytes -= waiting.front().size();
        text += waiting.front();
        waiting.pop_front();
    }
    writing = !text.empty();
    return writing;
}

void line_writer::lines::run() {
    std::string text;
    while (take(text) && write(text))
        continue;
    const std::lock_guard lock(mutex);
    ended = true;
    changed.notify_all();
}

void line_writer::lines::end() {
    const std::lock_guard lock(mutex);
    ending = true;
    end_at = std::chrono::steady_clock::now() + last_words;
    changed.notify_all();
}

bool line_writer::lines::wait_for_end() {
    std::unique_lock lock(mutex);
    return changed.wait_until(lock, end_at + last_look, [this] { return ended; });
}

bool line_writer::lines::may_go_on() {
    const std::lock_guard lock(mutex);
    return !ending || std::chrono::steady_clock::now() < end_at;
}

bool line_writer::lines::write(std::string_view text) {
    while (!text.empty()) {
        pollfd ready{descriptor, POLLOUT, 0};
        const int found = ::poll(&ready, 1, look_again_ms);
        if (found <= 0) {
            if (!may_go_on()) return false;
            continue;
        }
        // A pipe that takes anything takes so much without waiting.
        const ssize_t n = ::write(descriptor, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) return true; // the reader is gone: these lines are lost
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

} // namespace offboard::telemetry
