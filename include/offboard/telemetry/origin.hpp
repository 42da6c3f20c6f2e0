#pragma once

#include "offboard/telemetry/log.hpp"
#include "offboard/telemetry/trace_context.hpp"

#include <string>
#include <vector>

namespace offboard::telemetry {

/// The request on whose behalf something is done, for log lines and for spans that point back at it. Empty
/// for what an earlier process was asked for: the journal does not keep it.
struct origin {
    std::string request_id;
    trace_context trace;
    hex_text<32> trace_id; ///< of `trace`

    origin() = default;
    origin(std::string id, const trace_context& t)
        : request_id(std::move(id)), trace(t), trace_id(to_hex(t.trace)) {}

    /// Puts `request_id` and `trace_id` behind a line's fields, as far as they are known. The origin must
    /// outlive them.
    void add_to(std::vector<field>& fields) const {
        if (!request_id.empty()) fields.emplace_back("request_id", request_id);
        if (trace.exists()) fields.emplace_back("trace_id", trace_id.text());
    }
};

} // namespace offboard::telemetry
