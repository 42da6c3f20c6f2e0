#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/error.hpp"
#include "offboard/telemetry/log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <string_view>

namespace offboard::test {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

/// A loop and a log that says nothing. run() drives one coroutine to its end and hands on what it throws; a
/// test that hangs is cut after a minute.
struct network {
    asio::io_context io{1};
    telemetry::log log{telemetry::level::error};

    void run(asio::awaitable<void> work) {
        std::exception_ptr thrown;
        bool done = false;
        asio::co_spawn(io, std::move(work), [&](std::exception_ptr e) {
            thrown = e;
            done = true;
        });
        io.restart();
        io.run_for(std::chrono::seconds(60));
        BOOST_REQUIRE_MESSAGE(done, "the coroutine never ended");
        if (thrown) std::rethrow_exception(thrown);
    }
};

inline steady_time in(duration d) {
    return std::chrono::steady_clock::now() + d;
}
inline steady_time soon() {
    return in(std::chrono::seconds(30));
}

inline tcp::endpoint loopback(std::uint16_t port) {
    return {asio::ip::address_v4::loopback(), port};
}

/// A peer that says exactly what it is told to.
struct raw_peer {
    explicit raw_peer(asio::io_context& io) : socket(io) {}
    explicit raw_peer(tcp::socket s) : socket(std::move(s)) {}

    asio::awaitable<void> connect(std::uint16_t port) {
        co_await socket.async_connect(loopback(port), asio::use_awaitable);
    }

    asio::awaitable<void> send(std::string text) {
        co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
    }

    /// Everything until the other side closes.
    asio::awaitable<std::string> read_all() {
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        co_await asio::async_read(socket, asio::dynamic_buffer(received), token);
        ended_with = ec;
        co_return std::exchange(received, {});
    }

    /// One message: a head, and as much body as its Content-Length says (`body` false: none).
    asio::awaitable<std::string> read_message(bool body = true) {
        const std::size_t head = co_await asio::async_read_until(socket, asio::dynamic_buffer(received),
                                                                 "\r\n\r\n", asio::use_awaitable);
        std::size_t whole = head;
        const std::size_t at = received.find("Content-Length: ");
        if (body && at < head) whole += std::stoul(received.substr(at + 16));
        if (received.size() < whole) {
            const auto rest = asio::transfer_exactly(whole - received.size());
            co_await asio::async_read(socket, asio::dynamic_buffer(received), rest, asio::use_awaitable);
        }
        std::string message = received.substr(0, whole);
        received.erase(0, whole);
        co_return message;
    }

    tcp::socket socket;
    std::string received;
    boost::system::error_code ended_with;
};

inline int status_of(std::string_view answer) {
    if (answer.size() < 12 || answer.substr(0, 9) != "HTTP/1.1 ") return 0;
    return std::stoi(std::string(answer.substr(9, 3)));
}

inline bool has(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

} // namespace offboard::test
