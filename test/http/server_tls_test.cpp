#include "server_tls_fixture.hpp"

namespace http_server_tls_test {

using namespace offboard;
using namespace offboard::test;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

const std::string get = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string get_and_close = "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

std::string post(const std::string& path, std::size_t length, const std::string& body) {
    return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
           body;
}

/// A handshake, one exchange, and an end in order.
asio::awaitable<void> is_answered(tls_served& s) {
    tls_peer peer(s.io, s.client);
    const boost::system::error_code ec = co_await peer.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    BOOST_TEST(peer.was_shown(s.leaf));
    co_await peer.send(get_and_close);
    const std::string answer = co_await peer.read_all();
    BOOST_TEST(status_of(answer) == 200);
    BOOST_TEST(peer.ended_with == asio::error::eof);
    BOOST_TEST(s.refusals.empty());
}

/// TLS 1.3 tells a client of its certificate's fate after the handshake.
asio::awaitable<void> is_refused(tls_served& s) {
    tls_peer peer(s.io, s.client);
    const boost::system::error_code ec = co_await peer.connect(s.port);
    if (!ec) {
        const std::string answer = co_await peer.read_all();
        BOOST_TEST(answer.empty());
        BOOST_TEST(peer.ended_with != asio::error::eof);
    }
    co_await tls_served::until_refused(s, 1);
    BOOST_TEST((s.refusals == names{"handshake"}));
    BOOST_TEST(s.records.empty());
}

asio::awaitable<void> serves_many(tls_served& s) {
    tls_peer peer(s.io, s.client);
    const boost::system::error_code ec = co_await peer.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    co_await peer.send(post("/echo", 5, "first") + get);
    const std::string one = co_await peer.read_message();
    BOOST_TEST(has(one, "\r\n\r\nPOST /echo first"));
    const std::string two = co_await peer.read_message();
    BOOST_TEST(has(two, "\r\n\r\nGET /echo "));
    for (const char c : post("/echo", 3, "abc"))
        co_await peer.send(std::string(1, c));
    const std::string three = co_await peer.read_message();
    BOOST_TEST(has(three, "\r\n\r\nPOST /echo abc"));
    co_await peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    const std::string interim = co_await peer.read_message();
    BOOST_TEST(interim == "HTTP/1.1 100 Continue\r\n\r\n");
    co_await peer.send("abc");
    const std::string four = co_await peer.read_message();
    BOOST_TEST(has(four, "\r\n\r\nPOST /echo abc"));
    co_await peer.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string big = co_await peer.read_message();
    BOOST_TEST(big.size() > 64u << 20);
    BOOST_TEST(s.delivered);
}

struct protocols {
    const char* what;
    std::string offered; ///< as they stand on the wire
    std::string chosen;
    bool refused;
};

asio::awaitable<void> chooses_http_1_1(tls_served& s) {
    static const std::string h2("\x02h2"), h1("\x08http/1.1");
    static const std::vector<protocols> rows{{"none", "", "", false},
                                             {"ours", h1, "http/1.1", false},
                                             {"ours last", h2 + h1, "http/1.1", false},
                                             {"another", h2, "", true}};
    for (const protocols& row : rows) {
        BOOST_TEST_INFO_SCOPE(row.what);
        tls_peer peer(s.io, s.client);
        SSL_set_alpn_protos(peer.native(), reinterpret_cast<const unsigned char*>(row.offered.data()),
                            static_cast<unsigned>(row.offered.size()));
        const boost::system::error_code ec = co_await peer.connect(s.port);
        BOOST_TEST(ec.failed() == row.refused, ec.message());
        const unsigned char* data = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(peer.native(), &data, &size);
        BOOST_TEST(std::string(reinterpret_cast<const char*>(data), size) == row.chosen);
    }
}

asio::awaitable<void> does_not_negotiate_again(tls_served& s) {
    tls_peer peer(s.io, s.client);
    const boost::system::error_code ec = co_await peer.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    SSL_renegotiate(peer.native());
    boost::system::error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    co_await peer.stream.async_handshake(asio::ssl::stream_base::client, token);
    BOOST_TEST(failed.failed());
}

asio::awaitable<void> takes_new_material(tls_served& s) {
    const identity second = make_identity("DNS:localhost", &s.authority);
    const identity third = make_identity("DNS:localhost", &s.authority);
    tls_peer old(s.io, s.client), between(s.io, s.client), after(s.io, s.client);
    boost::system::error_code ec = co_await old.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    BOOST_TEST(old.was_shown(s.leaf));
    tls_material given = tls_served::material_of(second);
    BOOST_TEST(!s.server->use(given));
    ec = co_await between.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    BOOST_TEST(between.was_shown(second));
    given.certificates = certificate_pem(third);
    const std::optional<tls_fault> fault = s.server->use(given);
    BOOST_TEST_REQUIRE(fault.has_value());
    BOOST_TEST((fault->where == tls_fault::part::key));
    ec = co_await after.connect(s.port);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    BOOST_TEST(after.was_shown(second));
    for (tls_peer* peer : {&old, &between, &after}) {
        co_await peer->send(get);
        const std::string answer = co_await peer->read_message();
        BOOST_TEST(status_of(answer) == 200);
    }
}

asio::awaitable<void> resumes_until_the_material_changes(tls_served& s) {
    SSL_SESSION* session = nullptr;
    const std::vector<bool> expected{false, true, false};
    for (const bool resumed : expected) {
        tls_peer peer(s.io, s.client);
        if (session) SSL_set_session(peer.native(), session);
        const boost::system::error_code ec = co_await peer.connect(s.port);
        BOOST_TEST_REQUIRE(!ec, ec.message());
        BOOST_TEST((SSL_session_reused(peer.native()) == 1) == resumed);
        co_await peer.send(get_and_close);
        const std::string answer = co_await peer.read_all(); // the ticket comes before it
        BOOST_TEST(status_of(answer) == 200);
        SSL_SESSION_free(session);
        session = SSL_get1_session(peer.native());
        SSL_set_shutdown(peer.native(),
                         SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); // else it is taken for broken
        if (resumed) BOOST_TEST(!s.server->use(*s.tls));
    }
    SSL_SESSION_free(session);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(http_server_tls, tls_served)

BOOST_AUTO_TEST_CASE(tls_1_3_is_spoken_and_ended_in_order) {
    SSL_CTX_set_min_proto_version(client.native_handle(), TLS1_3_VERSION);
    serve_tls(is_answered);
}
BOOST_AUTO_TEST_CASE(tls_1_2_is_spoken) {
    SSL_CTX_set_max_proto_version(client.native_handle(), TLS1_2_VERSION);
    serve_tls(is_answered);
}
BOOST_AUTO_TEST_CASE(tls_1_1_is_refused) {
    SSL_CTX_set_max_proto_version(client.native_handle(), TLS1_1_VERSION);
    SSL_CTX_set_security_level(client.native_handle(), 0);
    serve_tls(is_refused);
}
BOOST_AUTO_TEST_CASE(tls_1_2_without_forward_secrecy_is_refused) {
    SSL_CTX_set_max_proto_version(client.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(client.native_handle(), "ECDHE-ECDSA-AES128-SHA256:AES128-GCM-SHA256");
    serve_tls(is_refused);
}
BOOST_AUTO_TEST_CASE(exchanges_of_any_size_follow_one_another) {
    serve_tls(serves_many);
}
BOOST_AUTO_TEST_CASE(no_protocol_but_http_1_1_is_agreed_on) {
    serve_tls(chooses_http_1_1);
}
BOOST_AUTO_TEST_CASE(nothing_is_negotiated_twice) {
    SSL_CTX_set_max_proto_version(client.native_handle(), TLS1_2_VERSION);
    serve_tls(does_not_negotiate_again);
}
BOOST_AUTO_TEST_CASE(new_material_is_for_new_connections_and_a_bad_one_for_none) {
    serve_tls(takes_new_material);
}
BOOST_AUTO_TEST_CASE(a_session_is_resumed_under_the_same_material_only) {
    ask_for_certificates(client_certificates::required);
    show(make_identity("DNS:someone", &authority));
    serve_tls(resumes_until_the_material_changes);
}
BOOST_AUTO_TEST_CASE(a_required_client_certificate_lets_in) {
    ask_for_certificates(client_certificates::required);
    show(make_identity("DNS:someone", &authority));
    serve_tls(is_answered);
}
BOOST_AUTO_TEST_CASE(without_a_required_client_certificate_nobody_gets_in) {
    ask_for_certificates(client_certificates::required);
    serve_tls(is_refused);
}
BOOST_AUTO_TEST_CASE(without_a_required_client_certificate_nobody_gets_in_by_tls_1_2) {
    SSL_CTX_set_max_proto_version(client.native_handle(), TLS1_2_VERSION);
    ask_for_certificates(client_certificates::required);
    serve_tls(is_refused);
}
BOOST_AUTO_TEST_CASE(a_required_client_certificate_of_another_authority_is_refused) {
    const identity other = make_identity("", nullptr);
    ask_for_certificates(client_certificates::required);
    show(make_identity("DNS:someone", &other));
    serve_tls(is_refused);
}
BOOST_AUTO_TEST_CASE(an_optional_client_certificate_may_be_missing) {
    ask_for_certificates(client_certificates::optional);
    serve_tls(is_answered);
}
BOOST_AUTO_TEST_CASE(an_optional_client_certificate_that_is_bad_is_refused) {
    ask_for_certificates(client_certificates::optional);
    show(make_identity("DNS:someone", &authority, 0));
    serve_tls(is_refused);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_server_tls_test
