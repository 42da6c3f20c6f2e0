#include "server_tls_fixture.hpp"
#include "vendor_double.hpp"

#include <algorithm>
#include <cstddef>

/// A loop that stood still past a deadline (a stopped process, a starved machine) finds the deadline and the
/// bytes at the same moment. What has arrived counts.
namespace http_late_loop_test {

using namespace offboard;
using namespace offboard::test;
using namespace std::chrono_literals;

namespace {

constexpr auto limit = 200ms;
constexpr auto margin = 30ms; ///< deadlines are looked at by grains of at most 25 ms

/// Holds the only thread until then: no timer and no socket is served.
void stand_still_until(steady_time t) {
    while (std::chrono::steady_clock::now() < t)
        continue;
}

std::string in_chunks(std::size_t chunks, std::size_t size) {
    std::string out = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t i = 0; i != chunks; ++i)
        out += "200\r\n" + std::string(size, 'x') + "\r\n";
    return out + "0\r\n\r\n";
}

/// A vendor that answers in time while the client's loop stands still.
template <bool Tls>
struct late_vendor : vendor_double {
    late_vendor() : authority(make_identity("", nullptr)) {
        settings.most_answer_bytes = 1u << 20;
        serve = answer_late;
        if (!Tls) return;
        const identity leaf = make_identity("IP:127.0.0.1", &authority);
        SSL_CTX_use_certificate(context.native_handle(), leaf.certificate.get());
        SSL_CTX_use_PrivateKey(context.native_handle(), leaf.key.get());
        settings.tls = true;
        settings.roots = certificate_pem(authority);
    }

    template <class Stream>
    static asio::awaitable<void> answer_on(late_vendor* self, Stream& stream) {
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        std::string text;
        for (std::size_t n = 1; n != 0; text.erase(0, n)) {
            n = co_await asio::async_read_until(stream, asio::dynamic_buffer(text), "body", token);
            if (n == 0) break;
            // As records of their own: TLS then has several of them, of which the socket shows none.
            for (std::size_t at = 0; at < self->answer.size(); at += 1000) {
                const std::size_t part = std::min<std::size_t>(1000, self->answer.size() - at);
                asio::write(stream, asio::buffer(self->answer.data() + at, part), ec);
            }
            stand_still_until(self->deadline + margin);
        }
    }

    static asio::awaitable<void> answer_late(vendor_double* base, tcp::socket socket) {
        auto* const self = static_cast<late_vendor*>(base);
        if constexpr (Tls) {
            boost::system::error_code ec;
            auto token = asio::redirect_error(asio::use_awaitable, ec);
            asio::ssl::stream<tcp::socket> stream(std::move(socket), self->context);
            co_await stream.async_handshake(asio::ssl::stream_base::server, token);
            co_await answer_on(self, stream);
        } else {
            co_await answer_on(self, socket);
        }
    }

    static asio::awaitable<void> gets(vendor_double& v) {
        auto& vendor = static_cast<late_vendor&>(v);
        vendor.deadline = std::chrono::steady_clock::now();
        const auto warm = co_await v.ask();
        BOOST_REQUIRE(warm.has_value());
        vendor.deadline = in(limit);
        const auto got = co_await v.ask(false, limit);
        BOOST_REQUIRE_MESSAGE(got.has_value(), "a complete answer was thrown away");
        BOOST_TEST(got->body.size() == vendor.size);
    }

    void gets_all(std::string said, std::size_t bytes) {
        answer = std::move(said);
        size = bytes;
        with_client(gets);
    }

    identity authority;
    asio::ssl::context context{asio::ssl::context::tls_server};
    std::string answer;
    std::size_t size = 0;
    steady_time deadline{};
};

/// A vendor whose answer is cut short while the loop stands still: the deadline still ends the call.
asio::awaitable<void> is_cut(vendor_double& v) {
    v.script.push_back({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"});
    const auto got = co_await v.ask(false, 50ms);
    BOOST_REQUIRE(got.has_error());
    BOOST_TEST((to_errc(got.error()) == errc::answer_timeout));
}

struct late_server : tls_served {
    late_server() { limits.header_time = limits.body_time = limit; }
};

const std::string head =
    "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4000\r\n\r\n";

/// The rest of a request comes in pieces while the server's loop stands still.
template <class Stream>
void send_late(Stream& stream, std::string_view rest) {
    const steady_time begun = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < rest.size(); at += 100)
        asio::write(stream, asio::buffer(rest.substr(at, 100)));
    stand_still_until(begun + limit + margin);
}

asio::awaitable<void> body_over_tls(served& s) {
    tls_peer peer(s.io, static_cast<tls_served&>(s).client);
    const auto failed = co_await peer.connect(s.port);
    BOOST_REQUIRE(!failed);
    co_await peer.send(head);
    while (s.server->in_flight() == 0)
        co_await asio::post(asio::use_awaitable);
    send_late(peer.stream, std::string(4000, 'b'));
    const std::string answer = co_await peer.read_all();
    BOOST_TEST(status_of(answer) == 200);
}

asio::awaitable<void> head_over_tls(served& s) {
    tls_peer peer(s.io, static_cast<tls_served&>(s).client);
    const auto failed = co_await peer.connect(s.port);
    BOOST_REQUIRE(!failed);
    co_await peer.send("GET /echo HTTP/1.1\r\n");
    send_late(peer.stream, "Host: a\r\nX: " + std::string(400, 'x') + "\r\nConnection: close\r\n\r\n");
    const std::string answer = co_await peer.read_all();
    BOOST_TEST(status_of(answer) == 200);
}

asio::awaitable<void> body_plain(served& s) {
    raw_peer peer(s.io);
    co_await peer.connect(s.port);
    co_await peer.send(head);
    while (s.server->in_flight() == 0)
        co_await asio::post(asio::use_awaitable);
    send_late(peer.socket, std::string(4000, 'b'));
    const std::string answer = co_await peer.read_all();
    BOOST_TEST(status_of(answer) == 200);
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_late_loop)

using plain_vendor = late_vendor<false>;
using tls_vendor = late_vendor<true>;

BOOST_FIXTURE_TEST_CASE(a_vendors_answer_with_a_length, plain_vendor) {
    gets_all(ok(std::string(100'000, 'x')), 100'000);
}
BOOST_FIXTURE_TEST_CASE(a_vendors_answer_in_chunks, plain_vendor) {
    gets_all(in_chunks(24, 512), 24 * 512);
}
BOOST_FIXTURE_TEST_CASE(a_vendors_answer_with_a_length_over_tls, tls_vendor) {
    gets_all(ok(std::string(100'000, 'x')), 100'000);
}
BOOST_FIXTURE_TEST_CASE(a_vendors_answer_in_chunks_over_tls, tls_vendor) {
    gets_all(in_chunks(24, 512), 24 * 512);
}
BOOST_FIXTURE_TEST_CASE(half_an_answer_is_still_cut_by_its_deadline, vendor_double) {
    with_client(is_cut);
}
BOOST_FIXTURE_TEST_CASE(a_callers_body, late_server) {
    tls.reset();
    serve(body_plain);
}
BOOST_FIXTURE_TEST_CASE(a_callers_body_over_tls, late_server) {
    serve(body_over_tls);
}
BOOST_FIXTURE_TEST_CASE(a_callers_head_over_tls, late_server) {
    serve(head_over_tls);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_late_loop_test
