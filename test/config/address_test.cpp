#include "config/address.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace config_address_test {

using namespace offboard::config;

namespace {

struct good_url {
    const char* written;
    bool tls;
    const char* host;
    int port;
    const char* path;
    const char* text;
};

} // namespace

BOOST_AUTO_TEST_SUITE(config_address)

BOOST_AUTO_TEST_CASE(base_urls_are_taken_apart) {
    const good_url table[] = {
        {"https://mention-me.com", true, "mention-me.com", 443, "", "https://mention-me.com"},
        {"https://mention-me.com/", true, "mention-me.com", 443, "", "https://mention-me.com"},
        {"HTTPS://EU.Api.Example.COM:8443/v1/x/", true, "eu.api.example.com", 8443, "/v1/x",
         "https://eu.api.example.com:8443/v1/x"},
        {"https://a.example:443/p", true, "a.example", 443, "/p", "https://a.example/p"},
        {"https://203.0.113.7", true, "203.0.113.7", 443, "", "https://203.0.113.7"},
        {"https://[2001:DB8::1]:444", true, "2001:db8::1", 444, "", "https://[2001:db8::1]:444"},
        {"http://127.0.0.1:9101", false, "127.0.0.1", 9101, "", "http://127.0.0.1:9101"},
        {"http://127.9.9.9", false, "127.9.9.9", 80, "", "http://127.9.9.9"},
        {"http://[::1]:9101/x", false, "::1", 9101, "/x", "http://[::1]:9101/x"},
        {"http://LocalHost:1", false, "localhost", 1, "", "http://localhost:1"},
    };
    for (const auto& row : table) {
        BOOST_TEST_CONTEXT(row.written) {
            std::string_view why;
            const auto url = parse_base_url(row.written, why);
            BOOST_TEST_REQUIRE(url.has_value(), why);
            BOOST_TEST(url->tls == row.tls);
            BOOST_TEST(url->host == row.host);
            BOOST_TEST(url->port == row.port);
            BOOST_TEST(url->path == row.path);
            BOOST_TEST(url->text == row.text);
        }
    }
}

BOOST_AUTO_TEST_CASE(callers_may_come_over_plain_http_and_vendors_may_not_be_called_so) {
    std::string_view why;
    const auto plain = parse_public_url("http://Offboard.crm.svc:8080/tools/", why);
    BOOST_REQUIRE(plain.has_value());
    BOOST_TEST(plain->text == "http://offboard.crm.svc:8080/tools");
    BOOST_TEST(!parse_base_url("http://offboard.crm.svc:8080/tools/", why).has_value());
    for (const char* text : {"", "/tools", "ftp://a.example", "https://u:p@a.example", "https://a.example?x",
                             "https://a.example/#x", "https://a.example/a b"})
        BOOST_TEST(!parse_public_url(text, why).has_value(), text);
}

BOOST_AUTO_TEST_CASE(other_base_urls_are_refused) {
    const std::pair<const char*, const char*> table[] = {
        {"", "form"},
        {"mention-me.com", "form"},
        {"//mention-me.com", "form"},
        {"https:mention-me.com", "form"},
        {"ftp://a.example", "form"},
        {"https://a.example/ x", "form"},
        {"https://", "host"},
        {"https:///x", "host"},
        {"https://%61.example", "host"},
        {"https://a..example", "host"},
        {"https://[v1.x]", "host"},
        {"https://user@a.example", "user"},
        {"https://user:pass@a.example", "user"},
        {"https://a.example?x=1", "query"},
        {"https://a.example/#f", "query"},
        {"https://a.example:0", "port"},
        {"https://a.example:", "port"},
        {"https://a.example:65536", "port"},
        {"https://a.example//x", "path"},
        {"https://a.example/x//", "path"},
        {"https://a.example/../x", "path"},
        {"https://a.example/x%2Fy", "path"},
        {"http://a.example", "loopback"},
        {"http://128.0.0.1", "loopback"},
        {"http://0.0.0.0", "loopback"},
        {"http://[::2]", "loopback"},
        {"http://localhost.example", "loopback"},
        {"http://127.0.0.1.example", "host"},
        {"https://127.0.0.1.example/x", "host"},
    };
    for (const auto& [text, part] : table) {
        std::string_view why;
        BOOST_TEST(!parse_base_url(text, why).has_value(), text);
        BOOST_TEST(why.find(part) != std::string_view::npos, text << ": " << why);
    }
}

BOOST_AUTO_TEST_CASE(endpoints_are_a_numeric_address_and_a_port) {
    struct row {
        const char* text;
        const char* address;
        int port;
        bool loopback;
    };
    const row table[] = {{"127.0.0.1:8080", "127.0.0.1", 8080, true},
                         {"0.0.0.0:8080", "0.0.0.0", 8080, false},
                         {"127.1.2.3:0", "127.1.2.3", 0, true},
                         {"[::1]:65535", "::1", 65535, true},
                         {"[::]:80", "::", 80, false}};
    for (const auto& r : table) {
        BOOST_TEST_CONTEXT(r.text) {
            std::string_view why;
            const auto e = parse_endpoint(r.text, why);
            BOOST_TEST_REQUIRE(e.has_value());
            BOOST_TEST(e->address == r.address);
            BOOST_TEST(e->port == r.port);
            BOOST_TEST(e->loopback == r.loopback);
        }
    }
    for (const char* text :
         {"", ":8080", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x",
          "localhost:8080", "::1:80", "[::1]", "[127.0.0.1]:80", "[::1:80", "256.0.0.1:80", "127.1:80",
          "[fe80::1%eth0]:80", " 127.0.0.1:80"}) {
        std::string_view why;
        BOOST_TEST(!parse_endpoint(text, why).has_value(), text);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_address_test
