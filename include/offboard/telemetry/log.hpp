#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace offboard::telemetry {

enum class level { debug, info, warn, error };

/// One member of a log line. Values are words of ours, ids, counts and durations: never an identifier, a
/// body, a path as sent, or a vendor's text.
struct field {
    std::string_view name;
    std::variant<std::string_view, std::int64_t, double, bool> value;

    field(std::string_view n, std::string_view v) : name(n), value(v) {}
    field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
    field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
    field(std::string_view n, bool v) : name(n), value(v) {}
    field(std::string_view n, double v) : name(n), value(v) {}
    template <class Int>
    requires std::is_integral_v<Int> field(std::string_view n, Int v)
        : name(n), value(static_cast<std::int64_t>(v)) {}
};

/// JSON lines on standard error: {"time":…,"level":…,"message":…, fields…}. A thread of its own writes them:
/// a reader that does not read holds no other thread up; lines that find no room are dropped and counted.
/// Thread-safe; one per process, made by app and handed down by reference. Call it in a statement of its own,
/// never in one that awaits. Its end writes what waits, for a second at most.
class log {
public:
    explicit log(level least = level::info);
    ~log();
    log(const log&) = delete;
    log& operator=(const log&) = delete;

    /// Lines that were dropped since the start.
    std::uint64_t dropped() const noexcept;

    /// Waits until the lines so far are written, for a second at most: before a process ends without its
    /// destructors.
    void flush();

    bool enabled(level) const noexcept;
    void set_level(level) noexcept;
    void write(level, std::string_view message, std::span<const field> fields);
    void write(level l, std::string_view message, std::initializer_list<field> fields = {}) {
        write(l, message, std::span<const field>(fields.begin(), fields.size()));
    }

    void debug(std::string_view m, std::initializer_list<field> f = {}) { write(level::debug, m, f); }
    void info(std::string_view m, std::initializer_list<field> f = {}) { write(level::info, m, f); }
    void warn(std::string_view m, std::initializer_list<field> f = {}) { write(level::warn, m, f); }
    void error(std::string_view m, std::initializer_list<field> f = {}) { write(level::error, m, f); }

private:
    struct sink;
    std::unique_ptr<sink> sink_;
};

level level_from(std::string_view name) noexcept;

} // namespace offboard::telemetry
