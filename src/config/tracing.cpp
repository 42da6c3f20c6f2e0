#include "readers.hpp"

#include "address.hpp"
#include "file.hpp"

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
