// offboard-gateway: the command line, the configuration, and then the gateway.
#include "check_vendors.hpp"
#include "gateway.hpp"

#include "offboard/config/settings.hpp"

#include <condition_variable>
#include <csignal>
#include <exception>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace {

using offboard::config::fault;
using offboard::telemetry::field;

constexpr auto usage =
    "usage: offboard-gateway --config FILE [--check-config | --check-vendors]\n"
    "       offboard-gateway --version | --help\n"
    "\n"
    "Serves POST /offboard as FILE says.\n"
    "  --check-config   Reads FILE, the environment and the secrets, prints every fault with its line and\n"
    "                   key, and exits. The journal is not opened.\n"
    "  --check-vendors  Checks the configuration. Then gets a token from each vendor that needs one, calls\n"
    "                   the vendor where it has a call without effect, and prints a line per vendor.\n"
    "Exit status: 0 stopped as asked, or nothing wrong; 1 a vendor is not well (--check-vendors);\n"
    "2 a usage or configuration fault.\n";

struct command_line {
    std::string config;
    bool check = false, check_vendors = false, version = false, help = false;
    std::string wrong; ///< what is wrong with it; empty: nothing
};

command_line read(int argc, char** argv) {
    command_line out;
    for (int i = 1; i < argc && out.wrong.empty(); ++i) {
        const std::string_view word = argv[i];
        if (word == "--check-config")
            out.check = true;
        else if (word == "--check-vendors")
            out.check_vendors = true;
        else if (word == "--version")
            out.version = true;
        else if (word == "--help")
            out.help = true;
        else if (word.starts_with("--config="))
            out.config = word.substr(9);
        else if (word == "--config" && i + 1 < argc)
            out.config = argv[++i];
        else
            out.wrong = word == "--config" ? "--config needs a file" : "unknown argument";
    }
    if (out.wrong.empty() && out.check && out.check_vendors)
        out.wrong = "--check-vendors checks the configuration too: give one of the two";
    if (out.wrong.empty() && out.config.empty() && !out.version && !out.help)
        out.wrong = "--config FILE is required";
    return out;
}

/// While it lives, names every file whose reading takes longer than slow_read: a mount that hangs would
/// otherwise leave a process that says nothing.
class slow_read_watch {
public:
    slow_read_watch(const offboard::config::file_being_read& reads, offboard::telemetry::log& log)
        : thread_([this, &reads, &log] { watch(reads, log); }) {}
    slow_read_watch(const slow_read_watch&) = delete;
    slow_read_watch& operator=(const slow_read_watch&) = delete;
    ~slow_read_watch() {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        ended_.notify_all();
        thread_.join();
    }

private:
    void watch(const offboard::config::file_being_read& reads, offboard::telemetry::log& log) {
        std::uint64_t last = 0;
        std::unique_lock lock(mutex_);
        while (!ended_.wait_for(lock, offboard::app::slow_read, [this] { return over_; })) {
            const auto now = reads.now();
            if (!now.path.empty() && now.number == last)
                log.warn("a file is still being read", {{"file", now.path}});
            last = now.number;
        }
    }

    std::mutex mutex_;
    std::condition_variable ended_;
    bool over_ = false;
    std::thread thread_;
};

constexpr std::size_t longest_configuration = 64u << 20;

/// The file of the configuration, and what it says. Without a text `why` says why it cannot be read.
struct read_configuration {
    std::optional<std::string> text;
    std::string why;
    std::vector<std::string> environment;
    offboard::config::loaded loaded;
};

read_configuration load_from(const std::string& file, offboard::telemetry::log& log) {
    offboard::config::file_being_read reads;
    const slow_read_watch watch(reads, log);
    read_configuration out;
    auto found = offboard::config::read_file(file, longest_configuration, &reads);
    out.why = std::move(found.why);
    out.text = std::move(found.text);
    for (char** entry = environ; *entry; ++entry)
        out.environment.emplace_back(*entry);
    if (out.text) out.loaded = offboard::config::load(*out.text, out.environment, &reads);
    return out;
}

/// A connection is a descriptor, and the usual soft limit is 1024: the hard one is the operator's.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

std::string text_of(const fault& f, const std::string& file) {
    return (f.line > 0 ? file + ":" + std::to_string(f.line) : file) + ": " +
           (f.key.empty() ? "" : f.key + ": ") + f.detail;
}

/// The first line of a run: what runs, and by which settings.
void announce(const offboard::config::settings& s, const std::string& file, offboard::telemetry::log& log) {
    std::string vendors;
    for (const offboard::vendor v : offboard::all_vendors)
        if (const auto& used = s.of(v))
            ((vendors += vendors.empty() ? "" : " ") += offboard::to_string(v)) += "=" + used->base_url.text;
    const auto shown = [](const offboard::config::endpoint& at) {
        const bool six = at.address.find(':') != std::string::npos;
        return (six ? "[" + at.address + "]" : at.address) + ":" + std::to_string(at.port);
    };
    const std::string listen = shown(s.listen), admin = shown(s.admin_listen);
    std::string auth;
    if (!s.auth.api_keys.empty()) auth = "api_keys";
    if (s.auth.jwt) (auth += auth.empty() ? "" : " ") += "jwt";
    log.info("starting", {{"version", OFFBOARD_VERSION},
                          {"file", file},
                          {"journal", s.journal.sqlite_path.empty() ? "memory" : "sqlite"},
                          {"path", s.journal.sqlite_path},
                          {"listen", listen},
                          {"listen_tls", s.listen_tls.has_value()},
                          {"admin_listen", admin},
                          {"vendors", vendors},
                          {"plans", s.plans.size()},
                          {"auth", auth.empty() ? std::string_view("none") : std::string_view(auth)}});
}

} // namespace

int main(int argc, char** argv) try {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a limit on file sizes is a full disk, and no reason to die
    raise_descriptor_limit();
    offboard::telemetry::log log;
    const command_line line = read(argc, argv);
    if (!line.wrong.empty()) {
        log.error("usage fault", {{"detail", line.wrong}, {"help", "offboard-gateway --help"}});
        return 2;
    }
    if (line.help || line.version) {
        std::cout << (line.help ? usage : "offboard-gateway " OFFBOARD_VERSION "\n");
        return 0;
    }

    read_configuration found = load_from(line.config, log);
    if (!found.text) {
        log.error("configuration fault", {{"file", line.config}, {"detail", found.why}});
        return 2;
    }
    const offboard::config::loaded& loaded = found.loaded;
    if (line.check) {
        for (const fault& f : loaded.warnings)
            std::cout << "warning: " << text_of(f, line.config) << '\n';
        for (const fault& f : loaded.faults)
            std::cout << text_of(f, line.config) << '\n';
        if (loaded.settings) std::cout << line.config << ": no fault found\n";
        return loaded.settings ? 0 : 2;
    }
    for (const fault& f : loaded.warnings)
        log.warn("configuration",
                 {{"file", line.config}, {"line", f.line}, {"key", f.key}, {"detail", f.detail}});
    for (const fault& f : loaded.faults)
        log.error("configuration fault",
                  {{"file", line.config}, {"line", f.line}, {"key", f.key}, {"detail", f.detail}});
    if (!loaded.settings) return 2;
    if (line.check_vendors) return offboard::app::check_vendors(*loaded.settings, log, std::cout) ? 0 : 1;
    log.set_level(offboard::telemetry::level_from(loaded.settings->log_level));
    announce(*loaded.settings, line.config, log);
    offboard::app::configuration read_from{std::move(*found.text), std::move(found.environment)};
    return offboard::app::gateway(*loaded.settings, std::move(read_from), log).run();
} catch (const std::exception& e) {
    offboard::telemetry::log().error("cannot start", {{"reason", e.what()}});
    return 2;
}
