#include "offboard/vendors/auth.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_auth_test {

using namespace offboard;
using namespace offboard::vendors;

namespace {

const credentials mention_me = client_credentials{"id-1", secret("s\"1")};
const credentials oauth = capillary_oauth{"key-1", secret("secret-1")};
const credentials basic = capillary_basic{"store.server", secret("server123")};
const credentials billing = api_key{"gateway", secret("k-1")};

/// Seconds of the token read; 0 refused, -1 unavailable.
long long read(const credentials& c, unsigned status, std::string body) {
    const auto t = read_token(c, {status, {}, std::move(body)});
    if (t) return t->text.empty() ? -2 : t->lifetime.count();
    return to_errc(t.error()) == errc::token_refused ? 0 : -1;
}

/// A JWT whose payload is {"iat":1700000000,"exp":1700001800}.
const std::string jwt = "eyJhbGciOiJub25lIn0.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMTgwMH0.c2ln";
/// A JWT whose payload is {"exp":1700001800}.
const std::string jwt_without_iat = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDE4MDB9.c2ln";

} // namespace

BOOST_AUTO_TEST_SUITE(vendor_auth)

BOOST_AUTO_TEST_CASE(token_calls_are_json_with_each_vendor_s_own_names) {
    const outgoing_request a = token_request(mention_me);
    BOOST_TEST(a.method == "POST");
    BOOST_TEST(a.target == "/api/oauth/token");
    BOOST_TEST(a.body == R"({"client_id":"id-1","client_secret":"s\"1","grant_type":"client_credentials"})");
    const outgoing_request b = token_request(oauth);
    BOOST_TEST(b.method == "POST");
    BOOST_TEST(b.target == "/v3/oauth/token/generate");
    BOOST_TEST(b.body == R"({"key":"key-1","secret":"secret-1"})");
    for (const outgoing_request* r : {&a, &b})
        BOOST_TEST((r->headers == std::vector<header_field>{{"Content-Type", "application/json"},
                                                            {"Accept", "application/json"}}));
    BOOST_CHECK_THROW(token_request(basic), std::logic_error);
    BOOST_CHECK_THROW(token_request(billing), std::logic_error);
}

BOOST_AUTO_TEST_CASE(only_oauth_credentials_need_a_token) {
    BOOST_TEST(needs_token(mention_me));
    BOOST_TEST(needs_token(oauth));
    BOOST_TEST(!needs_token(basic));
    BOOST_TEST(!needs_token(billing));
}

BOOST_AUTO_TEST_CASE(each_vendor_gets_its_own_headers) {
    const auto headers = [](const credentials& c) {
        outgoing_request r;
        r.headers = {
            {"authorization", "stale"}, {"x-cap-api-oauth-token", "stale"}, {"Accept", "application/json"}};
        authorise(r, c, secret("tok"));
        authorise(r, c, secret("tok")); // a second attempt replaces what the first put there
        return r.headers;
    };
    using fields = std::vector<header_field>;
    const header_field accept{"Accept", "application/json"};
    const header_field stale{"x-cap-api-oauth-token", "stale"};
    BOOST_TEST((headers(mention_me) == fields{stale, accept, {"Authorization", "Bearer tok"}}));
    BOOST_TEST(
        (headers(oauth) == fields{{"authorization", "stale"}, accept, {"X-CAP-API-OAUTH-TOKEN", "tok"}}));
    // The vendor's own vector: base64 of user, colon, lower-case hex MD5 of the password.
    BOOST_TEST(
        (headers(basic) ==
         fields{stale,
                accept,
                {"Authorization", "Basic c3RvcmUuc2VydmVyOjhhMTZhNmI3MDUwNWViMWYxZmY3Y2RjMGNkNTU1OWE3"}}));
    BOOST_TEST(
        (headers(billing) ==
         fields{{"authorization", "stale"}, stale, accept, {"api-key", "k-1"}, {"api-username", "gateway"}}));
}

BOOST_AUTO_TEST_CASE(mention_me_tokens_are_read) {
    BOOST_TEST(read(mention_me, 200, R"({"access_token":"t","expires_in":3600,"token_type":"bearer"})") ==
               3600);
    BOOST_TEST(read(mention_me, 200, R"({"token_type":"bearer","expires_in":1,"access_token":"t"})") == 1);
    BOOST_TEST(read(mention_me, 200, R"({"access_token":"t","expires_in":9223372036854775807})") == 2592000);
}

BOOST_AUTO_TEST_CASE(row_1_7_9_a_lifetime_that_is_not_stated) {
    for (const char* stated : {"", R"(,"expires_in":0)", R"(,"expires_in":-1)", R"(,"expires_in":"3600")",
                               R"(,"expires_in":null)", R"(,"expires_in":[])", R"(,"expires_in":3.5)"}) {
        BOOST_TEST_CONTEXT(stated) {
            const auto body = [&](const std::string& t) {
                return R"({"access_token":")" + t + "\"" + stated + "}";
            };
            BOOST_TEST(read(mention_me, 200, body(jwt)) == 1800);
            BOOST_TEST(read(mention_me, 200, body(jwt_without_iat)) == 300);
            BOOST_TEST(read(mention_me, 200, body("opaque")) == 300);
            BOOST_TEST(read(mention_me, 200, body("a.!!.c")) == 300);
        }
    }
}

BOOST_AUTO_TEST_CASE(capillary_tokens_are_read) {
    BOOST_TEST(read(oauth, 200, R"({"data":{"accessToken":"t","ttlSeconds":300},"errors":null})") == 300);
    BOOST_TEST(read(oauth, 201, R"({"data":{"accessToken":"t","ttlSeconds":60},"errors":[]})") == 60);
    BOOST_TEST(read(oauth, 200, R"({"data":{"accessToken":"t"}})") == 300);
}

BOOST_AUTO_TEST_CASE(row_2_7_7_no_token_in_a_200) {
    BOOST_TEST(read(oauth, 200, R"({"data":null,"errors":[{"message":"Failed to generate OAuth token"}]})") ==
               0);
    BOOST_TEST(read(oauth, 200, R"({"data":{},"errors":[{"code":4000}]})") == 0);
    BOOST_TEST(read(oauth, 200, R"({"data":null,"errors":null})") == -1);
    BOOST_TEST(read(oauth, 200, R"({"data":{"accessToken":""},"errors":[]})") == -1);
    BOOST_TEST(read(oauth, 200, R"({"data":{"accessToken":5}})") == -1);
    BOOST_TEST(read(mention_me, 200, R"({"error":"invalid_client"})") == 0);
    BOOST_TEST(read(mention_me, 200, "{}") == -1);
}

BOOST_AUTO_TEST_CASE(what_is_refused_and_what_is_unavailable) {
    for (const unsigned status : {400U, 401U, 403U})
        BOOST_TEST(read(mention_me, status, R"({"code":"401","message":"x"})") == 0);
    for (const unsigned status : {0U, 302U, 404U, 408U, 429U, 500U, 503U})
        BOOST_TEST(read(mention_me, status, R"({"access_token":"t","expires_in":3600})") == -1);
    for (const char* body : {"", "<html>", "true", "[]", "{\"access_token\":\"t\"", "\"t\""})
        BOOST_TEST(read(mention_me, 200, body) == -1);
}

BOOST_AUTO_TEST_CASE(a_token_that_would_break_a_header_is_no_token) {
    BOOST_TEST(read(mention_me, 200, R"({"access_token":"a\r\nX-Evil: 1","expires_in":3600})") == -1);
    BOOST_TEST(read(mention_me, 200, R"({"access_token":"a b","expires_in":3600})") == -1);
    BOOST_TEST(read(mention_me, 200, "{\"access_token\":\"" + std::string(9000, 'a') + "\"}") == -1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_auth_test
