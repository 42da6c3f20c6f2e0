#pragma once

#include "offboard/config/settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::config::test {

/// A directory of its own with files of secrets in it; gone with the object.
class secret_files {
public:
    secret_files() {
        std::string name = (std::filesystem::temp_directory_path() / "offboard-config-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    secret_files(const secret_files&) = delete;
    secret_files& operator=(const secret_files&) = delete;
    ~secret_files() { std::filesystem::remove_all(path_); }

    std::string put(const std::string& name, std::string_view text) const {
        std::ofstream(path_ / name, std::ios::binary) << text;
        return (path_ / name).string();
    }
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

/// The smallest configuration: billing on loopback, on lines 1 to 5. What is put in front moves them down.
inline const std::string billing = "vendors:\n"
                                   "  billing:\n"
                                   "    base_url: http://127.0.0.1:9103\n"
                                   "    api_username: someone\n"
                                   "    api_key: ${KEY}\n";

inline const std::vector<std::string> key_variable = {"KEY=k-123"};

/// `billing` with more lines (from line 6 on) in the section of the vendor.
inline std::string billing_with(const std::string& lines) {
    return billing + lines;
}

inline loaded load_with(const std::string& yaml, std::vector<std::string> more = {}) {
    more.insert(more.end(), key_variable.begin(), key_variable.end());
    return load(yaml, more);
}

inline std::string all(const std::vector<fault>& faults) {
    std::string out;
    for (const auto& f : faults)
        out += to_string(f) + "\n";
    return out;
}

inline bool has(const std::vector<fault>& faults, std::size_t line, std::string_view key,
                std::string_view part) {
    return std::any_of(faults.begin(), faults.end(), [&](const fault& f) {
        return f.line == line && f.key == key && f.detail.find(part) != std::string::npos;
    });
}

} // namespace offboard::config::test
