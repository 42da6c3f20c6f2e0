#pragma once

#include "offboard/config/read_file.hpp"
#include "offboard/config/settings.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::config {

/// The environment of the process, by name.
using variables = std::map<std::string, std::string, std::less<>>;

/// Where every reader of this room puts what it finds. Knows which keys came from the environment, so that a
/// fault in one of them can name its variable.
class report {
public:
    void fault(std::size_t line, std::string key, std::string detail);
    void warn(std::size_t line, std::string key, std::string detail);

    /// A file was read for `key`.
    void read_from(std::string key, std::string_view content);

    /// From now on a fault at `key`, or below it, that has no line is blamed on this variable.
    void came_from(std::string key, std::string variable);

    std::vector<config::fault> faults;
    std::vector<config::fault> warnings;
    std::vector<source_file> files;
    file_being_read* being_read = nullptr; ///< where readers of files name their file; may be null

private:
    std::string_view origin_of(std::string_view key) const;
    config::fault make(std::size_t line, std::string key, std::string detail) const;
    std::map<std::string, std::string, std::less<>> origins_;
};

/// `parent.name`, or `name` at the top. A name that is no plain word is shown as `?`: a file gone wrong may
/// have a secret where a key should be.
std::string key_under(std::string_view parent, std::string_view name);

} // namespace offboard::config
