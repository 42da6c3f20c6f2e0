#include "readers.hpp"

#include "address.hpp"
#include "master_keys.hpp"

#include "offboard/base/nearest.hpp"

#include <algorithm>
#include <array>

namespace offboard::config {

using namespace std::chrono_literals;
using kind = document::kind;

namespace {

constexpr std::size_t operator""_KiB(unsigned long long n) {
    return static_cast<std::size_t>(n) << 10;
}
constexpr std::size_t operator""_MiB(unsigned long long n) {
    return static_cast<std::size_t>(n) << 20;
}

/// A setting that does nothing would be worse than one that is refused.
void refuse_later(section& in, std::string_view name) {
    if (in.has(name)) in.fault(name, "is not available in this release");
}

void read_endpoint(section& root, std::string_view name, endpoint& into) {
    const document* value = root.find(name);
    if (!value) return;
    std::string_view why = "must be a text, as in 127.0.0.1:8080";
    auto parsed = value->is(kind::string) ? parse_endpoint(value->text(), why) : std::nullopt;
    if (parsed)
        into = std::move(*parsed);
    else
        root.fault(name, std::string(why));
}

void read_listeners(section& root, settings& into) {
    into.listen = {"127.0.0.1", 8080, true};
    into.admin_listen = {"127.0.0.1", 9090, true};
    read_endpoint(root, "listen", into.listen);
    read_endpoint(root, "admin_listen", into.admin_listen);
    const bool same = into.listen.port != 0 && into.listen.port == into.admin_listen.port &&
                      into.listen.address == into.admin_listen.address;
    if (same) root.fault("admin_listen", "is the address and port of listen");
    std::string url;
    if (!root.read_text("public_url", url)) return;
    std::string_view why;
    if (const auto parsed = parse_public_url(url, why))
        into.public_url = parsed->text;
    else
        root.fault("public_url", std::string(why));
}

void read_deadline(section& root, settings& into) {
    section in = root.sub("deadline");
    auto& deadline = into.deadline;
    const bool max_given = in.read_duration("max", deadline.max, 1s, 55s);
    const bool default_given = in.read_duration("default", deadline.standard, 0s, 55s);
    // Who sets only the lower cap means the default as well.
    if (max_given && !in.has("default")) deadline.standard = std::min(deadline.standard, deadline.max);
    if (default_given && deadline.standard > deadline.max)
        in.fault("default", "must not be beyond deadline.max, which is 25s unless set");
    in.close();
}

/// What SQLite does not take for the name of a file would be a journal that dies with the process.
void read_path(section& in, std::string& into) {
    std::string path;
    if (!in.require_text("path", path)) return;
    if (path.starts_with(':') || path.starts_with("file:") || path.ends_with('/'))
        in.fault("path", "must be the path of a file, as in /var/lib/offboard/journal.db");
    else
        into = std::move(path);
}

void read_journal(section& root, settings& into, const variables& environment) {
    section in = root.sub("journal");
    section memory = in.sub("memory");
    section sqlite = in.sub("sqlite");
    auto& journal = into.journal;
    memory.read_count("operations", journal.most_operations, 1, 10'000'000);
    memory.close();
    refuse_later(in, "postgres");
    if (sqlite.present()) {
        if (memory.present()) in.fault("memory", "stands beside sqlite: give one of the two");
        read_path(sqlite, journal.sqlite_path);
        in.read_duration("retention", journal.retention, 0s, 3650 * 24h);
        read_master_keys(in, journal.keys, environment);
    } else {
        const bool memory_meant = !in.has("postgres");
        for (const auto* name : {"retention", "keys", "key_dir"})
            if (in.has(name) && memory_meant)
                in.fault(name, "needs journal.sqlite: a journal in memory has no use for it");
    }
    sqlite.close();
    in.close();
}

void read_idempotency(section& root, settings& into) {
    section in = root.sub("idempotency");
    in.read_duration("keep", into.idempotency_keep, 1min, 90 * 24h);
    in.close();
}

void read_drain(section& root, settings& into) {
    section in = root.sub("drain");
    auto& drain = into.drain;
    in.read_duration("delay", drain.delay, 0s, 20s);
    const bool timeout_given = in.read_duration("timeout", drain.timeout, 0s, 24s);
    // The process is gone after 25 seconds: one of them is left for the exit itself.
    if (!in.has("timeout")) drain.timeout = std::min<duration>(drain.timeout, 24s - drain.delay);
    if (timeout_given && drain.delay + drain.timeout > 24s)
        in.fault("timeout", "must not exceed 24s together with drain.delay");
    in.close();
}

void read_limits(section& root, settings& into) {
    section in = root.sub("limits");
    auto& limits = into.limits;
    in.read_size("body", limits.body, 1_KiB, 64_MiB);
    in.read_size("header", limits.header, 1_KiB, 256_KiB);
    const bool target_given = in.read_size("target", limits.target, 256, 64_KiB);
    if (!in.has("target")) limits.target = std::min(limits.target, limits.header);
    if (target_given && limits.target > limits.header)
        in.fault("target", "must not be beyond limits.header, which holds it");
    in.read_duration("header_timeout", limits.header_timeout, 100ms, 10min);
    in.read_duration("body_timeout", limits.body_timeout, 100ms, 10min);
    in.read_duration("idle_timeout", limits.idle_timeout, 100ms, 1h);
    in.read_count("connections", limits.connections, 1, 1'000'000);
    if (!into.journal.sqlite_path.empty()) limits.queue = 2'000'000;
    in.read_count("in_flight", limits.in_flight, 1, 1'000'000);
    const bool total_given = in.read_size("body_total", limits.body_total, 1_KiB, 65536_MiB);
    if (total_given && limits.body_total < limits.body)
        in.fault("body_total", "must not be below limits.body, which is 4MiB unless set");
    in.read_count("queue", limits.queue, 1, 10'000'000);
    in.close();
}

void read_secrets(section& root, settings& into) {
    section in = root.sub("secrets");
    in.read_duration("check_every", into.secrets.check_every, 1s, 1h);
    in.close();
}

void read_log(section& root, settings& into) {
    static constexpr std::array<std::string_view, 4> levels = {"debug", "info", "warn", "error"};
    section in = root.sub("log");
    std::string level;
    if (in.read_text("level", level)) {
        if (std::find(levels.begin(), levels.end(), level) != levels.end())
            into.log_level = level;
        else
            in.fault("level", "must be debug, info, warn or error" + did_you_mean(level, levels));
    }
    in.close();
}

} // namespace

void read_server(section& root, settings& into, const variables& environment) {
    read_listeners(root, into);
    read_listen_tls(root, into);
    read_auth(root, into, environment);
    read_deadline(root, into);
    root.read_duration("give_up_after", into.give_up_after, 1s, 30 * 24h);
    read_journal(root, into, environment);
    read_idempotency(root, into);
    read_drain(root, into);
    read_limits(root, into);
    read_log(root, into);
    read_secrets(root, into);
    read_tracing(root, into);
}

} // namespace offboard::config
