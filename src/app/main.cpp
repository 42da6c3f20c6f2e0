// offboard-gateway: the command line, the configuration, and then the gateway.
#include "check_vendors.hpp"
#include "gateway.hpp"

#include "offboard/config/settings.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using offboard::config::fault;
using offboard::telemetry::field;

constexpr auto usage =
    "usage: offboard-gateway --config FILE [--check-config | --check-vendors]\n"
    "       offboard-gateway --version | --help\n"
    "\n"
    "Serves POST /offboard as FILE says. --check-config reads FILE, the environment and the secrets,\n"
    "prints every fault with its line and key, and exits; the journal is not opened. --check-vendors does "
    "the\n"
    "same, then gets a token and pings where a vendor has a call without effect, and prints what came of "
    "it.\n"
    "Exit status: 0 stopped as asked or nothing wrong, 1 a vendor is not well (--check-vendors), 2 a usage "
    "or\n"
    "configuration fault.\n";

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
    if (out.wrong.empty() && out.config.empty() && !out.version && !out.help)
        out.wrong = "--config FILE is required";
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
        if (s.of(v)) (vendors += vendors.empty() ? "" : " ") += offboard::to_string(v);
    std::string auth;
    if (!s.auth.api_keys.empty()) auth = "api_keys";
    if (s.auth.jwt) (auth += auth.empty() ? "" : " ") += "jwt";
    log.info("starting", {{"version", OFFBOARD_VERSION},
                          {"file", file},
                          {"journal", s.journal.sqlite_path.empty() ? "memory" : "sqlite"},
                          {"path", s.journal.sqlite_path},
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

    errno = 0;
    std::ifstream file(line.config);
    std::stringstream text;
    const bool empty =
        file && file.peek() == std::ifstream::traits_type::eof(); // which << takes for a failure
    if (!file.is_open() || (!empty && !(text << file.rdbuf()))) {
        const std::string why =
            errno != 0 ? std::string("cannot be read: ") + std::strerror(errno) : "cannot be read";
        log.error("configuration fault", {{"file", line.config}, {"detail", why}});
        return 2;
    }
    std::vector<std::string> environment;
    for (char** entry = environ; *entry; ++entry)
        environment.emplace_back(*entry);
    const auto loaded = offboard::config::load(text.str(), environment);
    if (line.check) {
        for (const fault& f : loaded.warnings)
            std::cout << "warning: " << text_of(f, line.config) << '\n';
        for (const fault& f : loaded.faults)
            std::cout << text_of(f, line.config) << '\n';
        if (loaded.settings) std::cout << line.config << ": no fault found\n";
        return loaded.settings ? 0 : 2;
    }
    if (line.check_vendors && loaded.settings)
        return offboard::app::check_vendors(*loaded.settings, log, std::cout) ? 0 : 1;
    for (const fault& f : loaded.warnings)
        log.warn("configuration",
                 {{"file", line.config}, {"line", f.line}, {"key", f.key}, {"detail", f.detail}});
    for (const fault& f : loaded.faults)
        log.error("configuration fault",
                  {{"file", line.config}, {"line", f.line}, {"key", f.key}, {"detail", f.detail}});
    if (!loaded.settings) return 2;
    log.set_level(offboard::telemetry::level_from(loaded.settings->log_level));
    announce(*loaded.settings, line.config, log);
    offboard::app::configuration read_from{text.str(), std::move(environment)};
    return offboard::app::gateway(*loaded.settings, std::move(read_from), log).run();
} catch (const std::exception& e) {
    offboard::telemetry::log().error("cannot start", {{"reason", e.what()}});
    return 2;
}
