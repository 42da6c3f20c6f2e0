#include "certificates.hpp"
#include "vendor_double.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace http_client_tls_test {

using namespace offboard;
using namespace offboard::test;
using namespace std::chrono_literals;

namespace {

/// How the double ends its TLS connections.
enum class ending { keeps, closes_in_order, cuts };

struct tls_double : vendor_double {
    tls_double() : authority(make_identity("", nullptr)) {
        settings.tls = true;
        settings.host = "localhost";
        settings.roots = certificate_pem(authority);
        serve = serve_tls;
        present(make_identity("DNS:localhost", &authority));
    }

    void present(const identity& leaf) {
        SSL_CTX_use_certificate(context.native_handle(), leaf.certificate.get());
        SSL_CTX_use_PrivateKey(context.native_handle(), leaf.key.get());
    }

    static asio::awaitable<void> serve_tls(vendor_double* base, tcp::socket socket) {
        auto* const self = static_cast<tls_double*>(base);
        boost::system::error_code ec;
        auto token = asio::redirect_error(asio::use_awaitable, ec);
        asio::ssl::stream<tcp::socket> stream(std::move(socket), self->context);
        co_await stream.async_handshake(asio::ssl::stream_base::server, token);
        const char* const name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
        self->server_name = name ? name : "";
        std::string text;
        while (!ec) {
            const std::size_t n =
                co_await asio::async_read_until(stream, asio::dynamic_buffer(text), "body", token);
            if (ec) break;
            self->requests.push_back(text.substr(0, n));
            text.erase(0, n);
            co_await asio::async_write(stream, asio::buffer(self->answer), token);
            if (self->end == ending::keeps) continue;
            if (self->end == ending::closes_in_order) co_await stream.async_shutdown(token);
            break;
        }
    }

    identity authority;
    asio::ssl::context context{asio::ssl::context::tls_server};
    std::string answer = ok();
    std::string server_name = "none";
    std::string expected; ///< the cause of a handshake that fails; empty: any
    ending end = ending::keeps;
};

asio::awaitable<void> asks_twice(vendor_double& v) {
    const auto one = co_await v.ask();
    BOOST_REQUIRE(one.has_value());
    BOOST_TEST(one->body == "fine");
    const auto two = co_await v.ask();
    BOOST_TEST(two.has_value());
    BOOST_TEST(v.accepted == 1);
    BOOST_TEST(v.client->counters().reused == 1u);
}

/// The vendor changes over to another authority: the kept connection is closed, and the next one is judged by
/// the new roots.
asio::awaitable<void> trusts_another(vendor_double& v) {
    auto& vendor = static_cast<tls_double&>(v);
    const auto one = co_await v.ask();
    BOOST_TEST(one.has_value());
    BOOST_TEST(v.client->open_connections() == 1u);
    const identity other = make_identity("", nullptr);
    BOOST_CHECK_THROW(v.client->trust("nothing"), std::runtime_error);
    BOOST_TEST(v.client->open_connections() == 1u);
    v.client->trust(certificate_pem(vendor.authority) + certificate_pem(other));
    BOOST_TEST(v.client->open_connections() == 0u);
    const auto two = co_await v.ask();
    BOOST_TEST(two.has_value());
    vendor.present(make_identity("DNS:localhost", &other));
    v.client->trust(certificate_pem(other));
    const auto three = co_await v.ask();
    BOOST_TEST(three.has_value());
    BOOST_TEST(v.accepted == 3);
    v.client->trust(certificate_pem(vendor.authority));
    const auto four = co_await v.ask();
    BOOST_REQUIRE(four.has_error());
    BOOST_TEST((to_errc(four.error()) == errc::tls_failed));
}

asio::awaitable<void> fails_tls(vendor_double& v) {
    const auto got = co_await v.ask(true);
    BOOST_REQUIRE(got.has_error());
    BOOST_TEST((to_errc(got.error()) == errc::tls_failed));
    const std::string& expected = static_cast<tls_double&>(v).expected;
    BOOST_TEST(v.cause == (expected.empty() ? v.cause : expected));
    BOOST_TEST(!v.cause.empty());
    BOOST_TEST(v.requests.empty());
}

asio::awaitable<void> is_answered(vendor_double& v) {
    const auto got = co_await v.ask();
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->body == "abc");
}

asio::awaitable<void> is_lost(vendor_double& v) {
    const auto got = co_await v.ask();
    BOOST_REQUIRE(got.has_error());
    BOOST_TEST((to_errc(got.error()) == errc::answer_lost));
}

asio::awaitable<void> hangs(vendor_double* v, tcp::socket socket) {
    co_await v->release.wait_until(soon());
    socket.close();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(http_client_tls, tls_double)

BOOST_AUTO_TEST_CASE(a_trusted_vendor_is_spoken_to_and_named) {
    with_client(asks_twice);
    BOOST_TEST(server_name == "localhost");
}
BOOST_AUTO_TEST_CASE(a_certificate_for_an_address_is_taken_without_a_server_name) {
    settings.host = "127.0.0.1";
    present(make_identity("IP:127.0.0.1", &authority));
    with_client(asks_twice);
    BOOST_TEST(server_name.empty());
}
BOOST_AUTO_TEST_CASE(a_certificate_for_another_address_is_refused) {
    expected = "the certificate does not name this host";
    settings.host = "127.0.0.1";
    present(make_identity("IP:127.0.0.2", &authority));
    with_client(fails_tls);
}
BOOST_AUTO_TEST_CASE(a_certificate_for_another_name_is_refused) {
    expected = "the certificate does not name this host";
    present(make_identity("DNS:other.example", &authority));
    with_client(fails_tls);
}
BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused) {
    expected = "certificate has expired";
    present(make_identity("DNS:localhost", &authority, 0));
    with_client(fails_tls);
}
BOOST_AUTO_TEST_CASE(an_authority_nobody_trusts_is_refused) {
    expected = "unable to get local issuer certificate";
    const identity other = make_identity("", nullptr);
    present(make_identity("DNS:localhost", &other));
    with_client(fails_tls);
}
BOOST_AUTO_TEST_CASE(the_roots_of_the_system_do_not_know_a_private_authority) {
    expected = "unable to get local issuer certificate";
    settings.roots.clear();
    with_client(fails_tls);
}
BOOST_AUTO_TEST_CASE(old_versions_are_refused) {
    expected = "tlsv1 alert protocol version (SSL routines)";
    SSL_CTX_set_max_proto_version(context.native_handle(), TLS1_1_VERSION);
    SSL_CTX_set_security_level(context.native_handle(), 0);
    with_client(fails_tls);
}
BOOST_AUTO_TEST_CASE(tls_1_2_is_spoken) {
    SSL_CTX_set_max_proto_version(context.native_handle(), TLS1_2_VERSION);
    with_client(asks_twice);
}
BOOST_AUTO_TEST_CASE(a_plain_vendor_is_refused) {
    serve = serve_plain;
    script.push_back({"HTTP/1.1 400 Bad Request\r\n\r\n", true});
    close_at_once = true;
    with_client(fails_tls);
}
BOOST_AUTO_TEST_CASE(a_handshake_that_hangs_is_tls_failed) {
    expected = "no answer in time";
    settings.connect_timeout = 30ms;
    serve = hangs;
    with_client(fails_tls);
}
BOOST_AUTO_TEST_CASE(an_answer_without_a_length_ends_with_the_connection) {
    answer = "HTTP/1.1 200 OK\r\n\r\nabc";
    end = ending::closes_in_order;
    with_client(is_answered);
}
BOOST_AUTO_TEST_CASE(an_answer_without_a_length_that_is_cut_is_lost) {
    answer = "HTTP/1.1 200 OK\r\n\r\nabc";
    end = ending::cuts;
    with_client(is_lost);
}
BOOST_AUTO_TEST_CASE(a_complete_answer_may_be_cut_after_its_end) {
    answer = ok("abc");
    end = ending::cuts;
    with_client(is_answered);
}
BOOST_AUTO_TEST_CASE(roots_without_certificates_are_a_fault_of_configuration) {
    const std::string good = settings.roots;
    for (const std::string& text : {std::string("nothing"), good + "-----BEGIN CERTIFICATE-----\nx"}) {
        settings.roots = text;
        BOOST_CHECK_THROW(http::client(io, settings, log), std::runtime_error);
    }
    settings.roots = good;
    with_client(asks_twice);
}
BOOST_AUTO_TEST_CASE(other_roots_count_for_the_next_connection) {
    with_client(trusts_another);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_client_tls_test
