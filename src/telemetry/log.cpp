#include "offboard/telemetry/log.hpp"

#include "line_writer.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <mutex>
#include <unistd.h>

namespace offboard::telemetry {

namespace {

spdlog::level::level_enum to_spdlog(level l) {
    switch (l) {
    case level::debug: return spdlog::level::debug;
    case level::info: return spdlog::level::info;
    case level::warn: return spdlog::level::warn;
    case level::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::string_view name_of(level l) {
    switch (l) {
    case level::debug: return "debug";
    case level::info: return "info";
    case level::warn: return "warn";
    case level::error: return "error";
    }
    return "info";
}

/// Three decimals, no exponent: for people who read milliseconds and seconds.
std::string plain(double value) {
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 3);
    return end.ec == std::errc() ? std::string(text, end.ptr) : "0";
}

std::string quoted(std::string_view text) {
    return boost::json::serialize(boost::json::string(text));
}

struct append_value {
    std::string& out;
    void operator()(std::string_view v) const { out += quoted(v); }
    void operator()(std::int64_t v) const { out += std::to_string(v); }
    void operator()(double v) const { out += plain(v); }
    void operator()(bool v) const { out += v ? "true" : "false"; }
};

} // namespace

namespace {

/// Hands lines to the thread that writes them.
class queue_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit queue_sink(line_writer& to) : to_(to) {}

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        to_.put(std::string(line.data(), line.size()));
    }
    void flush_() override {}
    line_writer& to_;
};

std::unique_ptr<spdlog::pattern_formatter> formatter_for_lines() {
    return std::make_unique<spdlog::pattern_formatter>(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})",
                                                       spdlog::pattern_time_type::utc);
}

std::string dropped_line(std::uint64_t lines) {
    const std::string text =
        R"("level":"warn","message":"log lines dropped: standard error was not read","lines":)" +
        std::to_string(lines);
    const spdlog::details::log_msg message("offboard", spdlog::level::warn, text);
    spdlog::memory_buf_t line;
    formatter_for_lines()->format(message, line);
    return std::string(line.data(), line.size());
}

} // namespace

struct log::sink {
    line_writer writer{STDERR_FILENO, dropped_line};
    spdlog::logger logger{"offboard", std::make_shared<queue_sink>(writer)};
};

log::log(level least) : sink_(std::make_unique<sink>()) {
    // The line's members after the time and level are made here; spdlog adds those two and writes the line
    // whole.
    sink_->logger.set_formatter(formatter_for_lines());
    set_level(least);
}

log::~log() = default;

void log::flush() {
    sink_->writer.flush();
}

std::uint64_t log::dropped() const noexcept {
    return sink_->writer.dropped();
}

bool log::enabled(level l) const noexcept {
    return sink_->logger.should_log(to_spdlog(l));
}

void log::set_level(level l) noexcept {
    sink_->logger.set_level(to_spdlog(l));
}

void log::write(level l, std::string_view message, std::span<const field> fields) {
    if (!enabled(l)) return;
    std::string line = "\"level\":" + quoted(name_of(l)) + ",\"message\":" + quoted(message);
    for (const field& f : fields) {
        line += ',';
        line += quoted(f.name);
        line += ':';
        std::visit(append_value{line}, f.value);
    }
    sink_->logger.log(to_spdlog(l), spdlog::string_view_t(line.data(), line.size()));
}

level level_from(std::string_view name) noexcept {
    if (name == "debug") return level::debug;
    if (name == "warn") return level::warn;
    if (name == "error") return level::error;
    return level::info;
}

} // namespace offboard::telemetry
