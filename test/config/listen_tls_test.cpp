#include "fixture.hpp"

#include "http/certificates.hpp"

#include <boost/test/unit_test.hpp>

namespace config_listen_tls_test {

using namespace offboard;
using namespace offboard::config;
using namespace offboard::config::test;
using offboard::test::certificate_pem;
using offboard::test::identity;
using offboard::test::key_pem;
using offboard::test::key_ptr;
using offboard::test::make_identity;

namespace {

struct with_files {
    loaded load_section(const std::string& lines) const {
        return load_with(billing + "listen_tls:\n" + lines);
    }
    loaded load_pair(const std::string& certificates, const std::string& own,
                     const std::string& more = {}) const {
        return load_section("  certificate_file: " + files.put("chain.pem", certificates) +
                            "\n  key_file: " + files.put("key.pem", own) + "\n" + more);
    }

    secret_files files;
    identity authority = make_identity("", nullptr);
    identity leaf = make_identity("DNS:localhost", &authority);
    std::string chain = certificate_pem(leaf) + certificate_pem(authority);
    std::string key = key_pem(leaf);
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(config_listen_tls, with_files)

BOOST_AUTO_TEST_CASE(without_the_section_listen_is_plain) {
    const auto out = load_with(billing);
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST(!out.settings->listen_tls.has_value());
}

BOOST_AUTO_TEST_CASE(the_settings_hold_what_stands_in_the_files) {
    const auto out = load_pair(chain, key);
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST_REQUIRE(out.settings->listen_tls.has_value());
    BOOST_TEST(out.settings->listen_tls->certificates == chain);
    BOOST_TEST((out.settings->listen_tls->key.reveal() == key));
    BOOST_TEST((out.settings->listen_tls->clients == client_certificates::none));
    BOOST_TEST(out.warnings.empty());
}

BOOST_AUTO_TEST_CASE(words_around_the_certificates_do_no_harm) {
    const auto out = load_pair("subject: localhost\n" + chain + "the end\n", "the key\n" + key);
    BOOST_TEST(out.settings.has_value(), all(out.faults));
}

BOOST_AUTO_TEST_CASE(client_certificates_are_asked_for_as_it_says) {
    const std::string ca = "  client_ca_file: " + files.put("ca.pem", certificate_pem(authority)) + "\n";
    const std::pair<const char*, client_certificates> rows[] = {
        {"optional", client_certificates::optional},
        {"required", client_certificates::required},
    };
    for (const auto& [word, meant] : rows) {
        const auto out = load_pair(chain, key, ca + "  client_certificates: " + word + "\n");
        BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
        BOOST_TEST((out.settings->listen_tls->clients == meant));
        BOOST_TEST(out.settings->listen_tls->client_ca == certificate_pem(authority));
    }
    const auto none = load_pair(chain, key, "  client_certificates: none\n");
    BOOST_TEST(none.settings.has_value(), all(none.faults));
}

BOOST_AUTO_TEST_CASE(a_path_can_come_from_the_environment) {
    const auto out = load_with(billing, {"OFFBOARD__LISTEN_TLS__CERTIFICATE_FILE=" + files.put("c", chain),
                                         "OFFBOARD__LISTEN_TLS__KEY_FILE=" + files.put("k", key)});
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST(out.settings->listen_tls.has_value());
}

BOOST_AUTO_TEST_CASE(material_that_cannot_be_used_is_a_fault_at_its_key) {
    const identity other = make_identity("DNS:localhost", &authority);
    const identity rsa = make_identity("DNS:localhost", &authority, 30, key_ptr(EVP_RSA_gen(2048)));
    const identity weak = make_identity("DNS:localhost", &authority, 30, key_ptr(EVP_RSA_gen(1024)));
    const std::string broken = certificate_pem(authority).replace(60, 8, "!!!!!!!!");
    const struct {
        const char* what;
        std::string certificates, own;
        std::size_t line;
        const char* at;
        const char* part;
    } rows[] = {
        {"another key", chain, key_pem(other), 8, "key_file", "does not match the first certificate"},
        {"a key of another kind", chain, key_pem(rsa), 8, "key_file", "does not match"},
        {"the chain turned round", certificate_pem(authority) + certificate_pem(leaf), key, 8, "key_file",
         "does not match"},
        {"a key with a password", chain, key_pem(leaf, "s3cr3t"), 8, "key_file", "without a password"},
        {"no key", chain, chain, 8, "key_file", "a private key in PEM"},
        {"an empty key", chain, "", 8, "key_file", "a private key in PEM"},
        {"an endless key", chain, std::string(70'000, 'x'), 8, "key_file", "at most 64KiB"},
        {"no certificate", key, key, 7, "certificate_file", "certificates in PEM"},
        {"an empty file", "", key, 7, "certificate_file", "certificates in PEM"},
        {"a broken certificate behind a good one", chain + broken, key, 7, "certificate_file",
         "certificates in PEM"},
        {"a key that is too short", certificate_pem(weak), key_pem(weak), 7, "certificate_file", "112 bits"},
    };
    for (const auto& row : rows) {
        BOOST_TEST_INFO_SCOPE(row.what);
        const auto out = load_pair(row.certificates, row.own);
        BOOST_TEST(!out.settings.has_value());
        BOOST_TEST(out.faults.size() == 1u, all(out.faults));
        BOOST_TEST(config::test::has(out.faults, row.line, "listen_tls." + std::string(row.at), row.part),
                   all(out.faults));
    }
}

BOOST_AUTO_TEST_CASE(an_rsa_key_is_as_good) {
    const identity rsa = make_identity("DNS:localhost", &authority, 30, key_ptr(EVP_RSA_gen(2048)));
    const auto out = load_pair(certificate_pem(rsa), key_pem(rsa));
    BOOST_TEST(out.settings.has_value(), all(out.faults));
}

BOOST_AUTO_TEST_CASE(what_does_not_go_together_is_a_fault) {
    const std::string pair =
        "  certificate_file: " + files.put("c", chain) + "\n  key_file: " + files.put("k", key) + "\n";
    const std::string ca = "  client_ca_file: " + files.put("ca", certificate_pem(authority)) + "\n";
    const struct {
        std::string lines;
        std::size_t line;
        const char* at;
        const char* part;
    } rows[] = {
        {"  key_file: " + files.path() + "/k\n", 6, "listen_tls.certificate_file", "is required"},
        {"  certificate_file: " + files.path() + "/c\n", 6, "listen_tls.key_file", "is required"},
        {"", 6, "listen_tls.key_file", "is required"},
        {pair + "  client_certificates: required\n", 9, "listen_tls.client_certificates", "client_ca_file"},
        {pair + "  client_certificates: optional\n", 9, "listen_tls.client_certificates", "client_ca_file"},
        {pair + "  client_certificates: maybe\n", 9, "listen_tls.client_certificates",
         "none, optional or required"},
        {pair + ca, 9, "listen_tls.client_ca_file", "no use"},
        {pair + ca + "  client_certificates: none\n", 9, "listen_tls.client_ca_file", "no use"},
        {pair + "  client_ca_file: " + files.put("none", "") + "\n  client_certificates: required\n", 9,
         "listen_tls.client_ca_file", "certificates in PEM"},
        {pair + "  client_ca_file: /nowhere\n  client_certificates: required\n", 9,
         "listen_tls.client_ca_file", "cannot be read"},
        {"  certificate_file: /nowhere\n  key_file: " + files.path() + "/k\n", 7,
         "listen_tls.certificate_file", "cannot be read"},
        {pair + "  cipher: none\n", 9, "listen_tls.cipher", "unknown key"},
    };
    for (const auto& row : rows) {
        const auto out = load_section(row.lines);
        BOOST_TEST(!out.settings.has_value(), row.lines);
        BOOST_TEST(config::test::has(out.faults, row.line, row.at, row.part), row.lines + all(out.faults));
    }
}

BOOST_AUTO_TEST_CASE(no_fault_repeats_what_stands_in_a_file) {
    const std::string secret_text = "s3cr3t-" + key;
    const auto out = load_pair(secret_text, secret_text);
    BOOST_TEST(!out.settings.has_value());
    BOOST_TEST(all(out.faults).find("s3cr3t") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_limits_of_a_listener_have_defaults_and_bounds) {
    const auto standard = load_with(billing);
    BOOST_TEST_REQUIRE(standard.settings.has_value(), all(standard.faults));
    BOOST_TEST(standard.settings->limits.in_flight == 10'000u);
    BOOST_TEST(standard.settings->limits.body_total == 64u << 20);
    const auto set = load_with(billing + "limits: { in_flight: 1, body_total: 1GiB }\n");
    BOOST_TEST_REQUIRE(set.settings.has_value(), all(set.faults));
    BOOST_TEST(set.settings->limits.in_flight == 1u);
    BOOST_TEST(set.settings->limits.body_total == 1u << 30);
    const auto least = load_with(billing + "limits: { in_flight: 0 }\n");
    BOOST_TEST(config::test::has(least.faults, 6, "limits.in_flight", "from 1 to 1000000"),
               all(least.faults));
    const auto below = load_with(billing + "limits: { body: 4MiB, body_total: 3MiB }\n");
    BOOST_TEST(config::test::has(below.faults, 6, "limits.body_total", "below limits.body"),
               all(below.faults));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_listen_tls_test
