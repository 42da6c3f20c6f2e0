#pragma once

#include "fixture.hpp"

#include "offboard/async/signal_event.hpp"
#include "offboard/http/router.hpp"
#include "offboard/http/server.hpp"

#include <vector>

namespace offboard::test {

/// A server with a few routes on a free port, and short limits.
struct served : network {
    served() : router(problems()) {
        limits.header_bytes = 1024;
        limits.target_bytes = 256;
        limits.body_bytes = 4096;
        routes();
    }

    static http::problem_factory problems() {
        return [](unsigned status, std::string_view name, std::string_view, std::string_view id) {
            http::response r(status, "application/problem+json", "{\"type\":\"" + std::string(name) + "\"}");
            BOOST_TEST(!id.empty());
            return r;
        };
    }

    static asio::awaitable<http::response> echo(http::request r) {
        http::response answer(200, "text/plain", r.method + ' ' + r.path + ' ' + r.body);
        co_return answer;
    }
    static asio::awaitable<http::response> name_id(http::request&& r) {
        http::response answer(200, "text/plain", std::string(r.parameter("id")));
        co_return answer;
    }
    static asio::awaitable<http::response> fail(http::request&&) {
        throw std::runtime_error("secret words");
        co_return http::response();
    }
    static asio::awaitable<http::response> wait_here(served* self) {
        self->entered.notify_all();
        ++self->waiting;
        const bool woken = co_await self->gate.wait_until(soon());
        --self->waiting;
        http::response answer(200, "text/plain", woken ? "woken" : "late");
        co_return answer;
    }
    static asio::awaitable<http::response> big(http::request&&) {
        http::response answer(200, "text/plain", std::string(64u << 20, 'x'));
        co_return answer;
    }

    static asio::awaitable<http::response> shared(http::request&&) {
        static const auto text = std::make_shared<const std::string>(64u << 20, 'x');
        http::response answer(200, "text/plain", {});
        answer.shared_body = text;
        co_return answer;
    }

    void routes() {
        router.add({"POST", "/echo", echo, {}});
        router.add({"GET", "/echo", echo, {}});
        router.add({"GET", "/thing/{id}", name_id, {}});
        router.add({"GET", "/thing/known", echo, {}});
        router.add({"POST", "/fail", fail, {}});
        router.add({"GET", "/big", big, {}});
        router.add({"GET", "/shared", shared, {}});
        router.add({"POST", "/wait", [this](http::request&&) { return wait_here(this); }, {}});
        router.add({"POST", "/typed", echo, [](const http::request& head) -> std::optional<http::response> {
                        if (head.header("content-type") == "application/json") return std::nullopt;
                        return http::response(415, "application/problem+json", "{}");
                    }});
    }

    void start() {
        http::server_hooks hooks;
        hooks.problem = problems();
        hooks.make_request_id = [this] { return "request-" + std::to_string(++ids); };
        hooks.observe = [this](const http::exchange_record& r) {
            records.push_back(std::string(r.method) + ' ' + std::string(r.route) + ' ' +
                              std::to_string(r.status));
            delivered = r.delivered;
            observed.notify_all();
        };
        hooks.refused = [this](http::refusal r) { refusals.emplace_back(to_string(r)); };
        server.emplace(io, limits, router, hooks, log);
        if (tls) BOOST_REQUIRE(!server->use(*tls));
        port = server->listen("127.0.0.1", 0).value();
    }

    /// Starts the server, runs the test against it, drains the server.
    template <class Test>
    void serve(Test test) {
        start();
        run(whole(this, std::move(test)));
        BOOST_TEST(server->connections() == 0u);
        BOOST_TEST(server->in_flight() == 0u);
    }

    template <class Test>
    static asio::awaitable<void> whole(served* self, Test test) {
        co_await test(*self);
        co_await self->server->drain(in(std::chrono::milliseconds(1)));
    }

    /// One connection, one piece of text, everything that comes back until the server closes.
    static asio::awaitable<std::string> say(served& s, std::string text) {
        raw_peer peer(s.io);
        co_await peer.connect(s.port);
        co_await peer.send(std::move(text));
        std::string answer = co_await peer.read_all();
        co_return answer;
    }

    http::server_limits limits;
    http::router router;
    std::optional<tls_material> tls; ///< what the server is given before it listens
    std::optional<http::server> server;
    std::uint16_t port = 0;
    int ids = 0;
    int waiting = 0;
    bool delivered = false;
    std::vector<std::string> records;
    std::vector<std::string> refusals;
    async::signal_event gate, entered, observed;
};

} // namespace offboard::test
