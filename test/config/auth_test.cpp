#include "fixture.hpp"
#include "http/certificates.hpp"

#include <boost/test/unit_test.hpp>

namespace config_auth_test {

using namespace std::chrono_literals;
using namespace offboard::config;
using namespace offboard::config::test;

namespace {

const std::string a = "ab0000000000000000000000000000000000000000000000000000000000000f";
const std::string b = "cd0000000000000000000000000000000000000000000000000000000000000e";

/// `auth` with these keys or tokens, from line 2 on; `billing` stands below.
loaded with_auth(const std::string& lines, const std::vector<std::string>& environment = {}) {
    return load_with("auth:\n" + lines + billing, environment);
}

std::string key(const std::string& members) {
    return "  api_keys: [{ " + members + " }]\n";
}

std::string jwt(const std::string& members) {
    return "  jwt: { " + members + " }\n";
}

std::string line_of(char digit) {
    return std::string(64, digit) + "\n";
}

const std::string issuer = "issuer: https://issuer.example, audience: offboard, ";
const std::string url = "jwks_url: https://issuer.example/keys";

struct row {
    std::string lines;
    const char* key;
    const char* detail;
};

} // namespace

BOOST_AUTO_TEST_SUITE(config_auth)

BOOST_AUTO_TEST_CASE(without_a_section_nobody_is_asked) {
    for (const char* text : {"", "auth: none\n"}) {
        const auto out = load_with(text + billing);
        BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
        BOOST_TEST(!out.settings->auth.required());
    }
}

BOOST_AUTO_TEST_CASE(keys_have_a_name_a_hash_scopes_and_perhaps_a_quota) {
    const secret_files files;
    const auto out = with_auth("  api_keys:\n"
                               "    - { name: crm, sha256: " +
                                   a +
                                   ", scopes: [offboard:write, offboard:read] }\n"
                                   "    - name: desk-2.x_y\n"
                                   "      sha256_file: " +
                                   files.put("desk", "CD" + b.substr(2) + "\n") +
                                   "\n"
                                   "      scopes: [offboard:operate]\n"
                                   "      quota: { requests: 600, per: 1m }\n"
                                   "    - { name: third, sha256: \"${HASH}\", scopes: [offboard:erase] }\n",
                               {"HASH=" + std::string(64, '1')});
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST(out.warnings.empty(), all(out.warnings)); // a hash in the open is none
    const auto& keys = out.settings->auth.api_keys;
    BOOST_TEST_REQUIRE(keys.size() == 3u);
    BOOST_TEST(out.settings->auth.required());
    BOOST_TEST(keys[0].name == "crm");
    BOOST_TEST(unsigned(keys[0].sha256[0]) == 0xabu);
    BOOST_TEST(unsigned(keys[0].sha256[31]) == 0x0fu);
    BOOST_TEST((keys[0].scopes.has(scope::write) && keys[0].scopes.has(scope::read)));
    BOOST_TEST((!keys[0].scopes.has(scope::erase) && !keys[0].scopes.has(scope::operate)));
    BOOST_TEST(!keys[0].quota.has_value());
    BOOST_TEST(unsigned(keys[1].sha256[0]) == 0xcdu);
    BOOST_TEST_REQUIRE(keys[1].quota.has_value());
    BOOST_TEST(keys[1].quota->requests == 600u);
    BOOST_TEST((keys[1].quota->per == 1min));
    BOOST_TEST(unsigned(keys[2].sha256[5]) == 0x11u);
}

BOOST_AUTO_TEST_CASE(tokens_have_an_issuer_an_audience_and_keys) {
    const secret_files files;
    const std::string file = files.put("jwks", "{}");
    auto out = with_auth(jwt(issuer + "jwks_file: " + file));
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    const jwt_settings* s = &*out.settings->auth.jwt;
    BOOST_TEST(s->issuer == "https://issuer.example");
    BOOST_TEST(s->audience == "offboard");
    BOOST_TEST(s->jwks_file == file);
    BOOST_TEST((s->algorithms == std::vector<std::string>{"RS256", "ES256"}));
    BOOST_TEST(s->scopes_claim == "scope");

    const std::string authority = offboard::test::certificate_pem(offboard::test::make_identity("", nullptr));
    out = with_auth(jwt(issuer + "jwks_url: 'https://Issuer.example:8443/a/b.json', ca_file: " +
                        files.put("ca.pem", authority) +
                        ", algorithms: "
                        "[PS512, ES384], scopes_claim: scp, quota: { requests: 1, per: 24h }, subjects: "
                        "[{ sub: 'system:serviceaccount:crm:sync', scopes: [offboard:write] }]"));
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    s = &*out.settings->auth.jwt;
    BOOST_TEST(s->jwks_url.host == "issuer.example");
    BOOST_TEST(s->jwks_url.port == 8443u);
    BOOST_TEST(s->jwks_url.path == "/a/b.json");
    BOOST_TEST(s->roots == authority);
    BOOST_TEST((s->algorithms == std::vector<std::string>{"PS512", "ES384"}));
    BOOST_TEST(s->scopes_claim == "scp");
    BOOST_TEST(s->quota->requests == 1u);
    BOOST_TEST_REQUIRE(s->subjects.size() == 1u);
    BOOST_TEST(s->subjects[0].sub == "system:serviceaccount:crm:sync");
    BOOST_TEST(s->subjects[0].scopes.has(scope::write));
}

BOOST_AUTO_TEST_CASE(a_file_may_hold_several_keys_of_one_caller) {
    const secret_files files;
    for (const std::string& end : {std::string(), std::string("\n"), std::string("\r\n")}) {
        const std::string file = files.put("crm", line_of('1') + line_of('2') + std::string(64, '3') + end);
        const auto out = with_auth(key("name: crm, sha256_file: " + file +
                                       ", scopes: [offboard:read], quota: { requests: 2, per: 1m }"));
        BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
        const auto& keys = out.settings->auth.api_keys;
        BOOST_TEST_REQUIRE(keys.size() == 3u);
        for (const caller_key& k : keys)
            BOOST_TEST((k.name == "crm" && k.scopes.has(scope::read) && k.quota->requests == 2u));
        BOOST_TEST((keys[0].sha256[0] == 0x11 && keys[1].sha256[31] == 0x22 && keys[2].sha256[9] == 0x33));
    }
}

BOOST_AUTO_TEST_CASE(a_file_may_be_what_sha256sum_wrote) {
    const secret_files files;
    const std::string file =
        files.put("crm", std::string(64, '1') + "  -\n" + std::string(64, '2') + " *crm.key\r\n" +
                             std::string(64, '3') + "  a key of today\n" + line_of('4'));
    const auto out = with_auth(key("name: crm, sha256_file: " + file + ", scopes: [offboard:read]"));
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    const auto& keys = out.settings->auth.api_keys;
    BOOST_TEST_REQUIRE(keys.size() == 4u);
    for (std::size_t i = 0; i < keys.size(); ++i)
        BOOST_TEST(unsigned(keys[i].sha256[31]) == 0x11u * (i + 1));
}

BOOST_AUTO_TEST_CASE(with_authentication_any_address_may_be_listened_on) {
    const std::string everywhere = "listen: 0.0.0.0:8080\n";
    const std::string keys = key("name: crm, sha256: " + a + ", scopes: [offboard:write]");
    BOOST_TEST(has(load_with(everywhere + billing).faults, 1, "listen", "only a loopback"));
    BOOST_TEST(has(load_with(everywhere + "auth: none\n" + billing).faults, 1, "listen", "only a loopback"));
    BOOST_TEST(load_with(everywhere + "auth:\n" + keys + billing).settings.has_value());
    BOOST_TEST(load_with(everywhere + "auth:\n" + jwt(issuer + url) + billing).settings.has_value());
}

BOOST_AUTO_TEST_CASE(every_fault_has_its_key) {
    const secret_files files;
    const std::string good = "name: crm, scopes: [offboard:read], ";
    const std::string scopes = ", scopes: [offboard:read]";
    const row table[] = {
        {"  api_keys: []\n", "auth.api_keys", "with at least one"},
        {"  api_keys: { name: crm }\n", "auth.api_keys", "must be a list"},
        {"  api_keys: [x]\n", "auth.api_keys[0]", "must be a map"},
        {"  api_keys:\n", "auth.api_keys", "must be a list"},
        {"  api_keyz: []\n", "auth.api_keyz", "did you mean api_keys?"},
        {key("sha256: " + a + scopes), "auth.api_keys[0].name", "is required"},
        {key("name: a b, sha256: " + a + scopes), "auth.api_keys[0].name", "A-Z a-z 0-9"},
        {key("name: x" + std::string(64, 'x') + ", sha256: " + a + scopes), "auth.api_keys[0].name",
         "1 to 64"},
        {key(good), "auth.api_keys[0].sha256", "is required"},
        {key(good + "sha256: " + a.substr(1)), "auth.api_keys[0].sha256", "64 hexadecimal"},
        {key(good + "sha256: g" + a.substr(1)), "auth.api_keys[0].sha256", "64 hexadecimal"},
        {key(good + "sha256: " + a + "00"), "auth.api_keys[0].sha256", "64 hexadecimal"},
        {key(good + "sha256: [" + a + "]"), "auth.api_keys[0].sha256", "must be a text"},
        {key(good + "sha256: '${NONE}'"), "auth.api_keys[0].sha256", "does not have"},
        {key(good + "sha256: " + a + ", sha256_file: /x"), "auth.api_keys[0].sha256_file", "one of the two"},
        {key(good + "sha256_file: /nowhere/x"), "auth.api_keys[0].sha256_file", "cannot be read"},
        {key(good + "sha256_file: " + files.put("bad", a + " x")), "auth.api_keys[0].sha256_file",
         "64 hexadecimal"},
        {key(good + "sha256: '" + a + "  -'"), "auth.api_keys[0].sha256", "64 hexadecimal"},
        {key(good + "sha256_file: " + files.put("unnamed", a + "  ")), "auth.api_keys[0].sha256_file",
         "64 hexadecimal"},
        {key(good + "sha256_file: " + files.put("apart", a + "\t-")), "auth.api_keys[0].sha256_file",
         "64 hexadecimal"},
        {key(good + "sha256_file: " + files.put("long", a + "0  -")), "auth.api_keys[0].sha256_file",
         "64 hexadecimal"},
        {key(good + "sha256_file: " + files.put("none", "\n")), "auth.api_keys[0].sha256_file", "empty"},
        {key(good + "sha256_file: " + files.put("gap", a + "\n\n" + b)), "auth.api_keys[0].sha256_file",
         "64 hexadecimal"},
        {key(good + "sha256_file: " + files.put("twice", a + "\n" + a)), "auth.api_keys[0].sha256_file",
         "an earlier key"},
        {key(good + "sha256_file: " +
             files.put("many", line_of('1') + line_of('2') + line_of('3') + line_of('4') + line_of('5'))),
         "auth.api_keys[0].sha256_file", "at most 4"},
        {key("name: crm, sha256: " + a), "auth.api_keys[0].scopes", "is required"},
        {key("name: crm, sha256: " + a + ", scopes: []"), "auth.api_keys[0].scopes", "at least one"},
        {key("name: crm, sha256: " + a + ", scopes: offboard:read"), "auth.api_keys[0].scopes",
         "must be a list"},
        {key("name: crm, sha256: " + a + ", scopes: [offboard:raed]"), "auth.api_keys[0].scopes",
         "did you mean offboard:read?"},
        {key("name: crm, sha256: " + a + ", scopes: [all]"), "auth.api_keys[0].scopes",
         "they are offboard:write"},
        {key("name: crm, sha256: " + a + ", scopes: [offboard:read, offboard:read]"),
         "auth.api_keys[0].scopes", "twice"},
        {key("name: crm, sha256: " + a + ", scopes: [5]"), "auth.api_keys[0].scopes", "each a text"},
        {key(good + "sha256: " + a + ", quota: {}"), "auth.api_keys[0].quota.per", "is required"},
        {key(good + "sha256: " + a + ", quota: { requests: 0, per: 1m }"), "auth.api_keys[0].quota.requests",
         "from 1"},
        {key(good + "sha256: " + a + ", quota: { requests: 1, per: 10ms }"), "auth.api_keys[0].quota.per",
         "from 1s"},
        {key(good + "sha256: " + a + ", quota: 5"), "auth.api_keys[0].quota", "must be a map"},
        {key(good + "sha256: " + a + ", key: x"), "auth.api_keys[0].key", "unknown key"},
        {"  api_keys: [{ " + good + "sha256: " + a + " }, { " + good + "sha256: " + b + " }]\n",
         "auth.api_keys[1].name", "an earlier key"},
        {"  api_keys: [{ " + good + "sha256: " + a + " }, { name: other, sha256: " + a + scopes + " }]\n",
         "auth.api_keys[1].sha256", "an earlier key"},
        {jwt(""), "auth.jwt.issuer", "is required"},
        {jwt("issuer: x, " + url), "auth.jwt.audience", "is required"},
        {jwt(issuer), "auth.jwt.jwks_file", "or jwks_url"},
        {jwt(issuer + url + ", jwks_file: /x"), "auth.jwt.jwks_url", "one of the two"},
        {jwt(issuer + "jwks_file: /nowhere/x"), "auth.jwt.jwks_file", "cannot be read"},
        {jwt(issuer + "jwks_file: " + files.put("jwks", "{}") + ", ca_file: /x"), "auth.jwt.ca_file",
         "no use"},
        {jwt(issuer + "jwks_url: http://issuer.example/keys"), "auth.jwt.jwks_url", "must be https://"},
        {jwt(issuer + "jwks_url: https://issuer.example"), "auth.jwt.jwks_url", "the path of a document"},
        {jwt(issuer + "jwks_url: https://issuer.example/keys/"), "auth.jwt.jwks_url",
         "the path of a document"},
        {jwt(issuer + "jwks_url: keys"), "auth.jwt.jwks_url", "must be a URL"},
        {jwt(issuer + url + ", algorithms: []"), "auth.jwt.algorithms", "at least one"},
        {jwt(issuer + url + ", algorithms: [none]"), "auth.jwt.algorithms", "by a public key"},
        {jwt(issuer + url + ", algorithms: [RS256, HS256]"), "auth.jwt.algorithms", "by a public key"},
        {jwt(issuer + url + ", algorithms: [rs256]"), "auth.jwt.algorithms", "by a public key"},
        {jwt(issuer + url + ", algorithms: [EdDSA]"), "auth.jwt.algorithms", "may hold RS256"},
        {jwt(issuer + url + ", algorithms: [RS256, RS256]"), "auth.jwt.algorithms", "twice"},
        {jwt(issuer + url + ", scopes_claim: ''"), "auth.jwt.scopes_claim", "must not be empty"},
        {jwt(issuer + url + ", quota: { requests: 1 }"), "auth.jwt.quota.per", "is required"},
        {jwt(issuer + url + ", subjects: [{ sub: a }]"), "auth.jwt.subjects[0].scopes", "is required"},
        {jwt(issuer + url + ", subjects: [{ sub: a" + scopes + " }, { sub: a" + scopes + " }]"),
         "auth.jwt.subjects[1].sub", "earlier"},
        {jwt(issuer + url + ", audienze: x"), "auth.jwt.audienze", "did you mean audience?"},
    };
    for (const row& r : table) {
        BOOST_TEST_CONTEXT(r.lines) {
            const auto out = with_auth(r.lines);
            BOOST_TEST(!out.settings.has_value());
            BOOST_TEST(has(out.faults, 2, r.key, r.detail), all(out.faults));
            BOOST_TEST(all(out.faults).find(a.substr(0, 63)) == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_hash_in_the_environment_takes_the_place_of_the_file) {
    const auto out = with_auth(key("name: crm, sha256_file: /nowhere/x, scopes: [offboard:read]"),
                               {"OFFBOARD__AUTH__API_KEYS__0__SHA256=" + std::string(64, '2')});
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST(unsigned(out.settings->auth.api_keys.at(0).sha256[0]) == 0x22u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_auth_test
