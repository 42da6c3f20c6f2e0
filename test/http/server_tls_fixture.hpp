#pragma once

#include "certificates.hpp"
#include "server_fixture.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace offboard::test {

/// A client over TLS that says exactly what it is told to.
struct tls_peer {
    tls_peer(asio::io_context& io, asio::ssl::context& context) : stream(io, context) {}

    /// What became of the handshake.
    asio::awaitable<boost::system::error_code> connect(std::uint16_t port) {
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        co_await stream.next_layer().async_connect(loopback(port), asio::use_awaitable);
        co_await stream.async_handshake(asio::ssl::stream_base::client, token);
        co_return ec;
    }

    asio::awaitable<void> send(std::string text) {
        co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
    }

    /// Everything until the other side ends; `ended_with` says how.
    asio::awaitable<std::string> read_all() {
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        co_await asio::async_read(stream, asio::dynamic_buffer(received), token);
        ended_with = ec;
        co_return std::exchange(received, {});
    }

    /// One message with a Content-Length.
    asio::awaitable<std::string> read_message() {
        const std::size_t head = co_await asio::async_read_until(stream, asio::dynamic_buffer(received),
                                                                 "\r\n\r\n", asio::use_awaitable);
        const std::size_t at = received.find("Content-Length: ");
        const std::size_t whole = head + (at < head ? std::stoul(received.substr(at + 16)) : 0);
        if (received.size() < whole) {
            const auto rest = asio::transfer_exactly(whole - received.size());
            co_await asio::async_read(stream, asio::dynamic_buffer(received), rest, asio::use_awaitable);
        }
        std::string message = received.substr(0, whole);
        received.erase(0, whole);
        co_return message;
    }

    /// Sends close_notify and goes on reading.
    asio::awaitable<void> close_half() {
        SSL_set_shutdown(native(), SSL_RECEIVED_SHUTDOWN);
        co_await stream.async_shutdown(asio::use_awaitable);
        SSL_set_shutdown(native(), SSL_SENT_SHUTDOWN);
    }

    SSL* native() { return stream.native_handle(); }
    bool was_shown(const identity& leaf) {
        const certificate_ptr shown(SSL_get1_peer_certificate(native()));
        return shown && X509_cmp(shown.get(), leaf.certificate.get()) == 0;
    }

    asio::ssl::stream<tcp::socket> stream;
    std::string received;
    boost::system::error_code ended_with;
};

/// The server of server_fixture.hpp over TLS, and what a client needs to trust it.
struct tls_served : served {
    tls_served() {
        tls = material_of(leaf);
        trust(authority);
        client.set_verify_mode(asio::ssl::verify_peer);
    }

    static tls_material material_of(const identity& shown) {
        tls_material out;
        out.certificates = certificate_pem(shown);
        out.key = secret(key_pem(shown));
        return out;
    }
    void trust(const identity& root) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(client.native_handle()), root.certificate.get());
    }
    void ask_for_certificates(client_certificates mode) {
        tls->client_ca = certificate_pem(authority);
        tls->clients = mode;
    }
    void show(const identity& mine) {
        SSL_CTX_use_certificate(client.native_handle(), mine.certificate.get());
        SSL_CTX_use_PrivateKey(client.native_handle(), mine.key.get());
    }

    template <class Test>
    void serve_tls(Test test) {
        serve([test](served& s) { return test(static_cast<tls_served&>(s)); });
    }

    /// Lets the loop go round until the server has so many connections.
    static asio::awaitable<void> until_connected(served& s, std::size_t n) {
        while (s.server->connections() != n)
            co_await asio::post(asio::use_awaitable);
    }
    static asio::awaitable<void> until_refused(served& s, std::size_t n) {
        while (s.refusals.size() < n)
            co_await asio::post(asio::use_awaitable);
    }

    identity authority = make_identity("", nullptr);
    identity leaf = make_identity("DNS:localhost", &authority);
    asio::ssl::context client{asio::ssl::context::tls_client};
};

} // namespace offboard::test
