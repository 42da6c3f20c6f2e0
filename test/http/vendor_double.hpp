#pragma once

#include "fixture.hpp"

#include "offboard/async/signal_event.hpp"
#include "offboard/async/task_group.hpp"
#include "offboard/http/client.hpp"

#include <deque>
#include <optional>
#include <vector>

namespace offboard::test {

/// What the double does with one request, after it has read it whole.
struct move {
    std::string say;    ///< bytes written as they are
    bool close = false; ///< then closes
    bool hold = false;  ///< says nothing until released
};

inline std::string ok(const std::string& body = "fine", const std::string& fields = {}) {
    return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
}

/// A vendor that follows a script: one move per request, over all its connections. Without a move left it
/// says "fine".
struct vendor_double : network {
    vendor_double() : acceptor(io, loopback(0)), tasks(io.get_executor(), log) {
        settings.name = "double";
        settings.host = "127.0.0.1";
        settings.port = acceptor.local_endpoint().port();
        settings.tls = false;
        tasks.spawn("accept", accept(this));
    }

    static asio::awaitable<void> accept(vendor_double* self) {
        for (;;) {
            boost::system::error_code ec;
            tcp::socket peer(self->io);
            co_await self->acceptor.async_accept(peer, asio::redirect_error(asio::use_awaitable, ec));
            if (ec) co_return;
            ++self->accepted;
            self->tasks.spawn("vendor", self->serve(self, std::move(peer)));
        }
    }

    static asio::awaitable<void> serve_plain(vendor_double* self, tcp::socket socket) {
        raw_peer peer(std::move(socket));
        boost::system::error_code ec;
        for (;;) {
            if (self->close_at_once) co_return;
            std::string text;
            try {
                text = co_await peer.read_message();
            } catch (const boost::system::system_error&) {
                co_return;
            }
            self->requests.push_back(std::move(text));
            self->arrived.notify_all();
            move next{ok()};
            if (!self->script.empty()) {
                next = self->script.front();
                self->script.pop_front();
            }
            ++self->holding;
            if (next.hold) co_await self->release.wait_until(soon());
            --self->holding;
            co_await asio::async_write(peer.socket, asio::buffer(next.say),
                                       asio::redirect_error(asio::use_awaitable, ec));
            if (next.close || ec) co_return;
        }
    }

    template <class Test>
    void with_client(Test test) {
        client.emplace(io, settings, log);
        run(whole(this, std::move(test)));
        BOOST_TEST(client->open_connections() == 0u);
        client.reset();
    }

    template <class Test>
    static asio::awaitable<void> whole(vendor_double* self, Test test) {
        co_await test(*self);
        co_await self->client->stop();
        self->acceptor.close();
        self->tasks.cancel();
        co_await self->tasks.join();
    }

    static outgoing_request request(std::string body = "body") {
        outgoing_request r;
        r.method = "POST";
        r.target = "/call?x=1";
        r.headers.emplace_back("Content-Type", "text/plain");
        r.body = std::move(body);
        return r;
    }

    asio::awaitable<result<incoming_response>> ask(bool repeatable = false,
                                                   duration time = std::chrono::seconds(30)) {
        http::may_repeat repeat;
        if (repeatable) repeat = [] { return true; };
        cause.clear();
        return client->exchange(request(), in(time), std::move(repeat), &cause);
    }

    http::client_settings settings;
    tcp::acceptor acceptor;
    async::task_group tasks;
    asio::awaitable<void> (*serve)(vendor_double*, tcp::socket) = serve_plain;
    std::optional<http::client> client;
    std::deque<move> script;
    std::vector<std::string> requests;
    std::string cause; ///< of the error that the last ask() ended with
    int accepted = 0;
    int holding = 0;
    bool close_at_once = false;
    async::signal_event arrived, release;
};

} // namespace offboard::test
