#include "engine.hpp"
#include "page.hpp"
#include "server.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>
#include <sys/resource.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view usage = R"(offboard-sandbox [--port N] [--help]

Imitates Mention Me, Capillary and Trackfinity on one loopback port, for tests and for trying things out.
Default port 9400; 0 takes any free one. Open http://127.0.0.1:9400/ to see what it received and how to make
it misbehave. Capillary's Basic user is store.server with the password server123.

)";

/// Thirty-two hex digits from the system's random source.
std::string random_token() {
    std::random_device source;
    std::string out = "sandbox-";
    for (int i = 0; i < 4; ++i) {
        char part[9];
        std::snprintf(part, sizeof part, "%08x", source());
        out += part;
    }
    return out;
}

std::optional<unsigned short> parse_port(std::string_view text) {
    unsigned short port = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (fault != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return port;
}

/// Thousands of connections need more descriptors than the usual soft limit.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
    }
}

int serve(unsigned short port) {
    raise_descriptor_limit();
    sandbox::engine engine(random_token);
    boost::asio::io_context context(1);
    sandbox::server server(context, engine, port);
    boost::asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&context](boost::system::error_code, int) { context.stop(); });
    std::cout << "offboard-sandbox listening on http://127.0.0.1:" << server.port() << std::endl;
    context.run();
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    unsigned short port = 9400;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const bool valued = argument.starts_with("--port=");
        if (argument == "--help") {
            std::cout << usage << sandbox::special_identifiers();
            return 0;
        }
        if (!valued && (argument != "--port" || i + 1 >= argc)) {
            std::cerr << "offboard-sandbox: unknown argument " << argument << "\n" << usage;
            return 2;
        }
        const auto wanted = parse_port(valued ? argument.substr(7) : std::string_view(argv[++i]));
        if (!wanted) {
            std::cerr << "offboard-sandbox: --port takes 0 to 65535\n";
            return 2;
        }
        port = *wanted;
    }
    try {
        return serve(port);
    } catch (const boost::system::system_error& fault) {
        std::cerr << "offboard-sandbox: cannot listen on port " << port << ": " << fault.code().message()
                  << "\n";
        return 2;
    } catch (const std::exception& fault) {
        std::cerr << "offboard-sandbox: " << fault.what() << "\n";
        return 1;
    }
}
