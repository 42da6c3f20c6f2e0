#include "readers.hpp"

#include "address.hpp"
#include "file.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace offboard::config {

using namespace std::chrono_literals;

namespace {

void read_collector(section& in, base_url& into) {
    std::string text;
    if (!in.require_text("url", text)) return;
    std::string_view why;
    if (auto parsed = parse_base_url(text, why); !parsed)
        in.fault("url", std::string(why));
    else if (parsed->path.empty() || text.ends_with('/'))
        in.fault("url", "must have the path for traces, as in https://collector:4318/v1/traces");
    else
        into = std::move(*parsed);
}

constexpr std::size_t longest_headers = 8192;
constexpr std::size_t most_headers = 16;

/// What the exporter and the client say themselves, and what is of one connection.
constexpr std::array<std::string_view, 11> own_headers = {
    "accept", "connection", "content-length",    "content-type", "expect",    "host",
    "te",     "trailer",    "transfer-encoding", "upgrade",      "user-agent"};

bool is_field_name(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~"; // RFC 9110, 5.6.2
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != marks.npos;
    });
}

bool is_field_value(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; });
}

std::string in_small_letters(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Header fields as HTTP writes them, one a line; empty lines are passed over. They are secrets: no fault
/// repeats any of it.
void read_headers(section& in, std::string_view name, std::vector<std::pair<std::string, secret>>& into) {
    const auto text = read_file(in, name, longest_headers);
    if (!text) return;
    if (text->size() > longest_headers) return in.fault(name, "the file is longer than 8 KiB");
    std::vector<std::pair<std::string, secret>> out;
    for (std::string_view left = *text; !left.empty();) {
        const std::string_view line = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(line.size() + 1, left.size()));
        if (trimmed(line).empty()) continue;
        const std::size_t colon = line.find(':');
        const std::string_view value = colon == line.npos ? "" : trimmed(line.substr(colon + 1));
        if (colon == line.npos || !is_field_name(line.substr(0, colon)) || !is_field_value(value))
            return in.fault(name, "must hold header fields, one a line, as in Authorization: Bearer TOKEN");
        std::string field = in_small_letters(line.substr(0, colon));
        if (std::ranges::find(own_headers, field) != own_headers.end())
            return in.fault(name, "has a header field that is not to be set");
        if (std::ranges::any_of(out, [&](const auto& other) { return other.first == field; }))
            return in.fault(name, "has a header field twice");
        out.emplace_back(std::move(field), secret(std::string(value)));
    }
    if (out.empty() || out.size() > most_headers)
        return in.fault(name, "must hold 1 to 16 header fields, as in Authorization: Bearer TOKEN");
    into = std::move(out);
}

void read_share(section& in, double& into) {
    std::string text;
    if (!in.read_text("sample", text)) return;
    double share = 0;
    const auto [end, failed] =
        std::from_chars(text.data(), text.data() + text.size(), share, std::chars_format::fixed);
    const bool whole = failed == std::errc() && end == text.data() + text.size();
    if (whole && share >= 0 && share <= 1)
        into = share;
    else
        in.fault("sample", "must be a share from 0 to 1, as in 0.1");
}

} // namespace

void read_tracing(section& root, settings& into) {
    section in = root.sub("tracing");
    if (!in.present()) return;
    tracing_settings out;
    section otlp = in.sub("otlp");
    if (otlp.present()) {
        read_collector(otlp, out.collector);
        read_certificates(otlp, "ca_file", out.roots);
        read_headers(otlp, "headers_file", out.headers);
        otlp.read_duration("timeout", out.timeout, 100ms, 1min);
        otlp.close();
    } else {
        in.missing("otlp", "is required, as in {url: https://collector:4318/v1/traces}");
    }
    read_share(in, out.sample);
    in.close();
    into.tracing = std::move(out);
}

} // namespace offboard::config
