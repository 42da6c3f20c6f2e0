#pragma once

#include <span>
#include <string_view>

namespace offboard::api {

/// A file of the page, as it was when the gateway was built.
struct embedded_file {
    std::string_view
        path; ///< where it is served; these paths are all there are, and none is looked up on a disk
    std::string_view type, subtype;
    std::string_view content;
    bool gzip = false;      ///< `content` is compressed
    bool versioned = false; ///< other content would have another path
};

/// Lives as long as the program.
std::span<const embedded_file> embedded_files() noexcept;

} // namespace offboard::api
