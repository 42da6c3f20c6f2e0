#include "offboard/config/read_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace offboard::config {

namespace {

constexpr int longest_silence_ms = 10'000; ///< of a pipe
constexpr std::size_t first_room = 16u << 10;

struct descriptor {
    explicit descriptor(int n) : number(n) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (number >= 0) ::close(number);
    }
    int number;
};

struct named_read {
    named_read(file_being_read* to, const std::string& path) : named(to) {
        if (named) named->begin(path);
    }
    named_read(const named_read&) = delete;
    named_read& operator=(const named_read&) = delete;
    ~named_read() {
        if (named) named->end();
    }
    file_being_read* named;
};

/// An empty reason: `text` is what the file holds.
std::string read_all(int file, std::size_t most, std::string& text) {
    text.resize(std::min(most + 1, first_room));
    std::size_t size = 0;
    for (;;) {
        if (size == text.size()) {
            if (size > most) return {};
            text.resize(std::min(most + 1, 2 * size));
        }
        const ssize_t n = ::read(file, text.data() + size, text.size() - size);
        if (n > 0) {
            size += static_cast<std::size_t>(n);
        } else if (n == 0) {
            text.resize(size);
            return {};
        } else if (errno == EAGAIN) {
            pollfd ready{file, POLLIN, 0};
            if (::poll(&ready, 1, longest_silence_ms) == 0) return "nothing came for 10 s";
        } else if (errno != EINTR) {
            return std::strerror(errno);
        }
    }
}

} // namespace

void file_being_read::begin(const std::string& path) {
    const std::lock_guard lock(mutex_);
    read_.path = path;
    ++read_.number;
}

void file_being_read::end() {
    const std::lock_guard lock(mutex_);
    read_.path.clear();
}

file_being_read::read file_being_read::now() const {
    const std::lock_guard lock(mutex_);
    return read_;
}

file_text read_file(const std::string& path, std::size_t most, file_being_read* being_read) {
    const named_read named(being_read, path);
    const auto refused = [&](std::string why) {
        return file_text{std::nullopt, path + " cannot be read: " + why};
    };
    // Without O_NONBLOCK a pipe that no process writes to would hang in open().
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.number < 0) return refused(std::strerror(errno));
    struct stat is {};
    if (::fstat(file.number, &is) != 0) return refused(std::strerror(errno));
    if (S_ISDIR(is.st_mode)) return refused("it is a directory");
    pollfd first{file.number, POLLIN, 0};
    if (S_ISFIFO(is.st_mode) && ::poll(&first, 1, longest_silence_ms) == 0)
        return refused("it is a pipe, and nothing came for 10 s");
    std::string text;
    std::string why = read_all(file.number, most, text);
    if (!why.empty()) return refused(std::move(why));
    return {std::move(text), {}};
}

} // namespace offboard::config
