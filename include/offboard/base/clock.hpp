#pragma once

#include <chrono>
#include <string>

namespace offboard {

/// For deadlines and waits. Never shown to anybody.
using steady_time = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

/// For what people read. Milliseconds, UTC.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// Both clocks behind one seam. Only `app` hands out the real one; tests move theirs by hand.
class clock {
public:
    virtual ~clock() = default;
    virtual steady_time now() const = 0;
    virtual wall_time today() const = 0;
};

/// RFC 3339 with milliseconds: 2026-11-22T10:15:02.113Z.
std::string to_rfc3339(wall_time);

} // namespace offboard
