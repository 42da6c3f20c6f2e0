#include "offboard/telemetry/otlp.hpp"

#include "offboard/base/document.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace offboard::telemetry::otlp {

namespace {

/// Of SpanFlags: that it is known whether the parent is remote, and that it is.
constexpr std::uint32_t knows_remote = 0x100;
constexpr std::uint32_t is_remote = 0x200;
constexpr int status_error = 2;

/// Nearly all texts are words of ours that need no escapes: a batch is encoded between two requests.
void append_quoted(std::string& out, std::string_view text) {
    const auto as_it_is = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (std::ranges::all_of(text, as_it_is))
        out.append("\"").append(text).append("\"");
    else
        out += boost::json::serialize(boost::json::string(text));
}

void append_text(std::string& out, std::string_view name, std::string_view plain) {
    out.append("\"").append(name).append("\":\"").append(plain).append("\"");
}

struct append_value {
    std::string& out;
    void operator()(const std::string& v) const {
        out += "\"stringValue\":";
        append_quoted(out, v);
    }
    void operator()(std::int64_t v) const { append_text(out, "intValue", std::to_string(v)); }
    void operator()(bool v) const { out.append("\"boolValue\":").append(v ? "true" : "false"); }
};

void append(std::string& out, const attribute& a) {
    out += '{';
    append_text(out, "key", a.name); // a literal
    out += ",\"value\":{";
    std::visit(append_value{out}, a.value);
    out += "}}";
}

void append(std::string& out, const span_link& l) {
    out += '{';
    append_text(out, "traceId", to_hex(l.trace));
    out += ',';
    append_text(out, "spanId", to_hex(l.span));
    // Only spans that are sampled are linked to, and all of them are this process' own.
    out.append(",\"flags\":").append(std::to_string(knows_remote | 1u)).append("}");
}

/// `name`: [ what append_one makes of each ], with a comma in front.
template <class List>
void append_list(std::string& out, std::string_view name, const List& list) {
    if (list.empty()) return;
    out.append(",\"").append(name).append("\":[");
    bool first = true;
    for (const auto& one : list) {
        if (!std::exchange(first, false)) out += ',';
        append(out, one);
    }
    out += ']';
}

void append(std::string& out, const telemetry::span& s, const moment& now) {
    out += '{';
    append_text(out, "traceId", to_hex(s.context.trace));
    out += ',';
    append_text(out, "spanId", to_hex(s.context.span));
    if (s.context.parent != 0) {
        out += ',';
        append_text(out, "parentSpanId", to_hex(s.context.parent));
    }
    const std::uint32_t flags =
        (s.context.sampled ? 1u : 0u) | knows_remote | (s.context.remote_parent ? is_remote : 0u);
    out.append(",\"flags\":").append(std::to_string(flags));
    out += ",\"name\":";
    append_quoted(out, s.name);
    out.append(",\"kind\":").append(std::to_string(static_cast<int>(s.kind))).append(",");
    append_text(out, "startTimeUnixNano", std::to_string(now.unix_nanos(s.begun)));
    out += ',';
    append_text(out, "endTimeUnixNano", std::to_string(now.unix_nanos(s.ended)));
    append_list(out, "attributes", s.attributes);
    append_list(out, "links", s.links);
    if (s.dropped_links > 0) out.append(",\"droppedLinksCount\":").append(std::to_string(s.dropped_links));
    if (s.failed) out.append(",\"status\":{\"code\":").append(std::to_string(status_error)).append("}");
    out += '}';
}

} // namespace

std::int64_t moment::unix_nanos(steady_time t) const noexcept {
    using std::chrono::nanoseconds;
    const auto since = std::chrono::duration_cast<nanoseconds>(t - steady);
    return (std::chrono::duration_cast<nanoseconds>(wall.time_since_epoch()) + since).count();
}

std::string encode(std::span<const telemetry::span> spans, const resource& from, const moment& now) {
    std::string out;
    std::size_t links = 0;
    for (const telemetry::span& s : spans)
        links += s.links.size();
    out.reserve(1024 + 1024 * spans.size() + 96 * links); // about what they take
    out += "{\"resourceSpans\":[{\"resource\":{\"attributes\":[";
    append(out, attribute{"service.name", from.name});
    out += ',';
    append(out, attribute{"service.version", from.version});
    out += ',';
    append(out, attribute{"service.instance.id", from.instance});
    out += "]},\"scopeSpans\":[{\"scope\":{\"name\":";
    append_quoted(out, from.name);
    out += ",\"version\":";
    append_quoted(out, from.version);
    out += "},\"spans\":[";
    bool first = true;
    for (const telemetry::span& s : spans) {
        if (!std::exchange(first, false)) out += ',';
        append(out, s, now);
    }
    out += "]}]}]}";
    return out;
}

std::uint64_t rejected_spans(std::string_view answer) {
    json_fault ignored;
    const auto parsed = parse_json(answer, ignored);
    if (!parsed || !parsed->is(document::kind::object)) return 0;
    const document* partial = parsed->find("partialSuccess");
    if (!partial || !partial->is(document::kind::object)) return 0;
    const document* rejected = partial->find("rejectedSpans");
    if (!rejected) return 0;
    // A 64-bit number is text in protobuf's JSON, and a number is to be taken as well.
    const bool usable = rejected->is(document::kind::string) || rejected->is(document::kind::number);
    const auto count = usable ? document::number(rejected->text()).as_int() : std::nullopt;
    return count && *count > 0 ? static_cast<std::uint64_t>(*count) : 0;
}

bool may_send_again(unsigned status) noexcept {
    return status == 429 || status == 502 || status == 503 || status == 504;
}

} // namespace offboard::telemetry::otlp
