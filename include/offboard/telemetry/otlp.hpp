#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/telemetry/span.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The OpenTelemetry protocol, 1.x, for traces over HTTP in JSON.
namespace offboard::telemetry::otlp {

/// Who exports.
struct resource {
    std::string name;     ///< service.name
    std::string version;  ///< service.version
    std::string instance; ///< service.instance.id: of this process alone
};

/// Two clocks read at one moment: what turns the times of spans into those of a calendar.
struct moment {
    steady_time steady{};
    wall_time wall{};

    std::int64_t unix_nanos(steady_time t) const noexcept;
};

/// An ExportTraceServiceRequest: ids in small hexadecimal, times and 64-bit numbers as decimal text, enums as
/// numbers, members in lowerCamelCase. What spans do not have is left out.
std::string encode(std::span<const telemetry::span>, const resource&, const moment&);

/// How many spans an answer of 200 says were rejected; 0 when it says nothing of it. Its message is a text
/// of the collector's and is not read.
std::uint64_t rejected_spans(std::string_view answer);

/// Whether the same batch may be sent again after this status: 429, 502, 503, 504.
bool may_send_again(unsigned status) noexcept;

} // namespace offboard::telemetry::otlp
