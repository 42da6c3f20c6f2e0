#pragma once

#include "engine.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace sandbox {

/// The sandbox's sockets: HTTP/1.1 on 127.0.0.1, latency by timers, and the ways an answer can be broken off.
/// Runs on one thread, the one that runs `context`. The engine and the context outlive the server's
/// connections: declare engine, then context, then server.
class server {
public:
    /// Listens at once; port 0 takes any free one. Throws `boost::system::system_error` when it cannot.
    server(boost::asio::io_context& context, engine& e, unsigned short port);
    ~server();

    server(const server&) = delete;
    server& operator=(const server&) = delete;

    [[nodiscard]] unsigned short port() const;

    /// Closes the listener and every connection. Call it on the context's thread, or when the context has
    /// stopped.
    void stop();

private:
    class hub;
    class listener;
    class session;

    std::shared_ptr<hub> hub_;
    std::shared_ptr<listener> listener_;
};

} // namespace sandbox
