// What is noted of the files that settings are read from, and how a change of one shows.
#include "fixture.hpp"
#include "http/certificates.hpp"

#include <boost/test/unit_test.hpp>

namespace config_source_files_test {

using namespace offboard::config;
using namespace offboard::config::test;

namespace {

const std::string key_a(64, 'a');
const std::string key_b(64, 'b');

/// A configuration with a file of every kind.
struct mounted {
    mounted() {
        files.put("mention_me", "one\n");
        files.put("capillary", "one");
        files.put("billing", "one");
        files.put("crm", key_a);
        files.put("desk", key_b);
        files.put("ca", offboard::test::certificate_pem(offboard::test::make_identity("", nullptr)));
        std::filesystem::create_directory(files.path() + "/keys");
        files.put("keys/2026-11", key_a);
    }

    loaded load() const {
        const auto at = [&](const char* name) { return files.path() + "/" + name; };
        return offboard::config::load(
            "auth:\n  api_keys:\n"
            "    - { name: crm, sha256_file: " +
                at("crm") +
                ", scopes: ['offboard:read'] }\n"
                "    - { name: desk, sha256_file: " +
                at("desk") +
                ", scopes: ['offboard:read'] }\n"
                "  jwt: { issuer: i, audience: a, jwks_url: 'https://i.example/k', ca_file: " +
                at("ca") +
                " }\n"
                "journal: { sqlite: { path: j }, key_dir: " +
                at("keys") +
                " }\n"
                "vendors:\n"
                "  mention_me: { base_url: 'https://m.example', client_id: c, client_secret_file: " +
                at("mention_me") +
                " }\n"
                "  capillary: { base_url: 'https://c.example', oauth: { key: k, secret_file: " +
                at("capillary") +
                " } }\n"
                "  billing: { base_url: 'https://b.example', api_username: u, api_key_file: " +
                at("billing") +
                ",\n"
                "    tls: { ca_file: " +
                at("ca") + " } }\n",
            {});
    }
    settings read() const {
        const loaded out = load();
        BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
        return *out.settings;
    }
    const secret_files files;
};

std::string joined(const std::vector<std::string>& keys) {
    std::string out;
    for (const std::string& k : keys)
        out += k + " ";
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(config_source_files)

BOOST_AUTO_TEST_CASE(every_file_is_noted_under_its_key) {
    const mounted m;
    std::vector<std::string> keys;
    for (const source_file& f : m.read().files)
        keys.push_back(f.key);
    BOOST_TEST(joined(keys) == "auth.api_keys[0].sha256_file auth.api_keys[1].sha256_file auth.jwt.ca_file "
                               "journal.key_dir/2026-11 vendors.billing.api_key_file "
                               "vendors.billing.tls.ca_file vendors.capillary.oauth.secret_file "
                               "vendors.mention_me.client_secret_file ");
}

BOOST_AUTO_TEST_CASE(a_change_shows_under_the_key_of_its_file) {
    struct row {
        const char* name;
        std::string content;
        const char* changed;
    };
    const row table[] = {
        {"mention_me", "one\n", ""},
        {"mention_me", "two\n", "vendors.mention_me.client_secret_file "},
        {"capillary", "two", "vendors.capillary.oauth.secret_file "},
        {"billing", "two", "vendors.billing.api_key_file "},
        {"desk", std::string(64, 'c'), "auth.api_keys[1].sha256_file "},
        {"ca", offboard::test::certificate_pem(offboard::test::make_identity("", nullptr)),
         "auth.jwt.ca_file vendors.billing.tls.ca_file "},
        {"keys/2026-11", key_b, "journal.key_dir/2026-11 "},
        {"keys/2026-12", key_b, "journal.key_dir/2026-12 "},
        {"keys/2026-10", key_b, "journal.key_dir/2026-10 "},
    };
    for (const auto& [name, content, changed] : table) {
        const mounted m;
        const settings before = m.read();
        m.files.put(name, content);
        const settings after = m.read();
        BOOST_TEST(joined(changed_files(before, after)) == changed);
        BOOST_TEST(joined(changed_files(after, before)) == changed);
    }
}

BOOST_AUTO_TEST_CASE(a_bad_file_of_each_kind_is_a_fault_that_shows_nothing_of_it) {
    struct row {
        const char* name;
        std::string content;
        const char* key;
    };
    const std::string pem = offboard::test::certificate_pem(offboard::test::make_identity("", nullptr));
    const row table[] = {
        {"mention_me", "", "vendors.mention_me.client_secret_file"},
        {"capillary", "hush\nhush", "vendors.capillary.oauth.secret_file"},
        {"billing", std::string(5000, 'h'), "vendors.billing.api_key_file"},
        {"crm", "hush", "auth.api_keys[0].sha256_file"},
        {"desk", key_a, "auth.api_keys[1].sha256_file"}, // another caller's
        {"ca", "", "vendors.billing.tls.ca_file"},
        {"ca", "hush", "auth.jwt.ca_file"},
        {"ca", pem.substr(0, pem.size() / 2), "vendors.billing.tls.ca_file"},
        {"ca", pem + "-----BEGIN CERTIFICATE-----\nhush\n-----END CERTIFICATE-----\n", "auth.jwt.ca_file"},
        {"ca", pem + std::string(1u << 20, '\n'), "auth.jwt.ca_file"},
        {"keys/2026-12", "hush", "journal.key_dir"},
    };
    for (const auto& [name, content, key] : table) {
        BOOST_TEST_CONTEXT(name << ": " << content.substr(0, 40)) {
            const mounted m;
            m.files.put(name, content);
            const loaded out = m.load();
            BOOST_TEST(!out.settings.has_value());
            BOOST_TEST(
                std::any_of(out.faults.begin(), out.faults.end(),
                            [&](const offboard::config::fault& f) { return f.key == key && f.line > 0; }),
                all(out.faults));
            BOOST_TEST(all(out.faults).find("hush") == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_source_files_test
