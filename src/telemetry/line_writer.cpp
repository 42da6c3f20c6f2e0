#include "line_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace offboard::telemetry {

namespace {

/// How often a reader that does not read is looked at.
constexpr int look_again_ms = 100;

} // namespace

line_writer::line_writer(int descriptor, report told, std::size_t most_bytes)
    : descriptor_(descriptor), report_(told), most_bytes_(most_bytes), thread_([this] { run(); }) {}

line_writer::~line_writer() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        end_at_ = std::chrono::steady_clock::now() + last_words;
    }
    changed_.notify_one();
    thread_.join();
}

void line_writer::put(std::string line) {
    {
        const std::lock_guard lock(mutex_);
        if (bytes_ + line.size() > most_bytes_) {
            ++untold_;
            dropped_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        if (untold_ > 0) {
            lines_.push_back(report_(std::exchange(untold_, 0)));
            bytes_ += lines_.back().size();
        }
        bytes_ += line.size();
        lines_.push_back(std::move(line));
    }
    changed_.notify_one();
}

void line_writer::run() {
    std::string text;
    for (;;) {
        text.clear();
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return ending_ || !lines_.empty(); });
            if (lines_.empty() && untold_ > 0) {
                lines_.push_back(report_(std::exchange(untold_, 0)));
                bytes_ += lines_.back().size();
            }
            if (lines_.empty()) return;
            while (!lines_.empty() && text.size() < PIPE_BUF) {
                bytes_ -= lines_.front().size();
                text += lines_.front();
                lines_.pop_front();
            }
        }
        if (!write(text)) return;
    }
}

bool line_writer::may_go_on() {
    const std::lock_guard lock(mutex_);
    return !ending_ || std::chrono::steady_clock::now() < end_at_;
}

bool line_writer::write(std::string_view text) {
    while (!text.empty()) {
        pollfd ready{descriptor_, POLLOUT, 0};
        const int found = ::poll(&ready, 1, look_again_ms);
        if (found <= 0) {
            if (!may_go_on()) return false;
            continue;
        }
        // A pipe that takes anything takes so much without waiting.
        const ssize_t n = ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) return true; // nobody is there any more: these lines are lost
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

} // namespace offboard::telemetry
