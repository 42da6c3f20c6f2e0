#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/telemetry/trace_context.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace offboard::telemetry {

/// One fact of a span, under a name of OpenTelemetry's conventions or one of ours (`offboard.…`). As in log
/// lines: words of ours, configuration, ids, counts; never an identifier, a path as sent, or a vendor's text.
struct attribute {
    std::string_view name; ///< a literal
    std::variant<std::string, std::int64_t, bool> value;
};

/// Another span that this one is about.
struct span_link {
    trace_number trace;
    std::uint64_t span = 0;
};

/// A span that has ended, as it is exported. A value.
struct span {
    /// As OTLP numbers them.
    enum class side { server = 2, client = 3 };
    static constexpr std::size_t most_links = 128;

    trace_context context;
    side kind = side::server;
    std::string name;
    steady_time begun{};
    steady_time ended{};
    bool failed = false;
    std::vector<attribute> attributes;
    std::vector<span_link> links;
    std::size_t dropped_links = 0; ///< beyond most_links

    void note(std::string_view attribute_name, std::string_view v) {
        attribute& noted = attributes.emplace_back();
        noted.name = attribute_name;
        noted.value.emplace<std::string>(v);
    }
    void note(std::string_view attribute_name, std::int64_t v) { attributes.push_back({attribute_name, v}); }
    void link(const trace_context& to) {
        if (links.size() < most_links)
            links.push_back({to.trace, to.span});
        else
            ++dropped_links;
    }
};

} // namespace offboard::telemetry
