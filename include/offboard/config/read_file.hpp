#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace offboard::config {

/// Names the file that one thread is reading, so that another thread can tell which file hangs (a mount that
/// does not answer). Thread-safe.
class file_being_read {
public:
    struct read {
        std::string path;         ///< empty: no file is being read
        std::uint64_t number = 0; ///< of the read: two looks with the same number have seen one read
    };

    void begin(const std::string& path);
    void end();
    read now() const;

private:
    mutable std::mutex mutex_;
    read read_;
};

struct file_text {
    std::optional<std::string> text; ///< up to `most` bytes and one more, so that a longer file shows
    std::string why;                 ///< without text: `/run/secrets/x cannot be read: Permission denied`
};

/// Reads a file. A directory is refused. A pipe that brings nothing for 10 s is given up; a regular file on a
/// mount that hangs blocks the calling thread, and `being_read` (may be null) names that file meanwhile.
file_text read_file(const std::string& path, std::size_t most, file_being_read* being_read);

} // namespace offboard::config
