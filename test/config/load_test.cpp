#include "fixture.hpp"
#include "http/certificates.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <variant>

namespace config_load_test {

using namespace std::chrono_literals;
using namespace offboard::config;
using namespace offboard::config::test;
using offboard::vendor;

namespace {

/// The example of the documentation, with files that exist and a loopback listener.
std::string example(const secret_files& files) {
    return "listen: 127.0.0.1:8080\n"
           "admin_listen: 0.0.0.0:9090\n"
           "auth: none\n"
           "deadline: { default: 20s, max: 25s }\n"
           "give_up_after: 24h\n"
           "journal: { memory: {} }\n"
           "vendors:\n"
           "  mention_me:\n"
           "    base_url: https://mention-me.com\n"
           "    client_id: \"our-id\"\n"
           "    client_secret_file: " +
           files.put("mention-me", "mm-secret\n") +
           "\n"
           "    budget: { calls: 300, per: 5m }\n"
           "    max_batch: 100\n"
           "    timeout: 10s\n"
           "  capillary:\n"
           "    base_url: https://eu.api.capillarytech.com\n"
           "    oauth: { key: \"our-key\", secret_file: " +
           files.put("capillary", "cap-secret\r\n") +
           " }\n"
           "    budget: { calls: 1000, per: 1m }\n"
           "    source: INSTORE\n"
           "  billing:\n"
           "    base_url: https://billing.example.com\n"
           "    api_username: \"someone\"\n"
           "    api_key_file: " +
           files.put("billing", "api-key") +
           "\n"
           "    max_in_flight: 8\n"
           "plans:\n"
           "  subscription-cancelled:\n"
           "    mention_me: { lapse: {} }\n"
           "    capillary:\n"
           "      revoke: [{ program_id: 2714, promotion_id: \"202779\", kind: enrol_and_issue }]\n"
           "      delink: { partner_programs: [1stProgram, p3e1] }\n"
           "  forget-in-billing:\n"
           "    mention_me: { lapse: {} }\n"
           "    billing: { forget: { keep: [country] } }\n"
           "default_plan: subscription-cancelled\n";
}

const std::string benchmark = R"(# One customer a call.
listen: 127.0.0.1:9200
admin_listen: 127.0.0.1:9290
auth: none
journal: { memory: {} }
vendors:
  mention_me:
    base_url: http://127.0.0.1:9101
    client_id: bench
    client_secret: bench
    budget: { calls: 1000000000, per: 1s }
    max_batch: 1
  capillary:
    base_url: http://127.0.0.1:9102
    oauth: { key: bench, secret: bench }
    budget: { calls: 1000000000, per: 1s }
    max_batch: 1
    source: INSTORE
  billing:
    base_url: http://127.0.0.1:9103
    api_username: bench
    api_key: bench
plans:
  bench:
    mention_me: { lapse: {} }
    capillary:
      revoke: [{ program_id: 2714, promotion_id: "202779", kind: direct_issue }]
      delink: { partner_programs: [1stProgram, p3e1] }
    billing: { forget: {} }
    options: { erase_gate: none }
default_plan: bench
)";

} // namespace

BOOST_AUTO_TEST_SUITE(config_load)

BOOST_AUTO_TEST_CASE(the_documented_example_is_read) {
    const secret_files files;
    const auto out = load(example(files), {});
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST(out.warnings.empty(), all(out.warnings));
    const settings& s = *out.settings;
    BOOST_TEST(s.listen.loopback);
    BOOST_TEST(s.admin_listen.address == "0.0.0.0");
    const auto& mention_me = *s.of(vendor::mention_me);
    BOOST_TEST(mention_me.base_url.host == "mention-me.com");
    const auto& client = std::get<offboard::client_credentials>(mention_me.credentials);
    BOOST_TEST(client.client_id == "our-id");
    BOOST_TEST(client.client_secret.reveal() == "mm-secret");
    const auto& oauth = std::get<offboard::capillary_oauth>(s.of(vendor::capillary)->credentials);
    BOOST_TEST(oauth.key == "our-key");
    BOOST_TEST(oauth.key_secret.reveal() == "cap-secret");
    const auto& key = std::get<offboard::api_key>(s.of(vendor::billing)->credentials);
    BOOST_TEST(key.username == "someone");
    BOOST_TEST(key.key.reveal() == "api-key");
    BOOST_TEST_REQUIRE(s.plans.size() == 2u);
    const auto& cancelled = s.plans.at("subscription-cancelled");
    BOOST_TEST(cancelled.has(offboard::action::lapse));
    BOOST_TEST(cancelled.revoke.at(0).program_id == 2714);
    BOOST_TEST(cancelled.partner_programs.size() == 2u);
    BOOST_TEST(s.plans.at("forget-in-billing").keep.at(0) == "country");
    BOOST_TEST(s.default_plan == "subscription-cancelled");
}

BOOST_AUTO_TEST_CASE(the_benchmark_configuration_is_read_with_three_warnings) {
    const auto out = load(benchmark, {});
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST(out.settings->of(vendor::mention_me)->budget.calls == 1'000'000'000u);
    BOOST_TEST(out.settings->of(vendor::capillary)->max_batch == 1u);
    BOOST_TEST(out.settings->listen.port == 9200);
    BOOST_TEST_REQUIRE(out.warnings.size() == 3u);
    BOOST_TEST(has(out.warnings, 10, "vendors.mention_me.client_secret", "in the open"));
    BOOST_TEST(has(out.warnings, 15, "vendors.capillary.oauth.secret", "in the open"));
    BOOST_TEST(has(out.warnings, 22, "vendors.billing.api_key", "in the open"));
}

BOOST_AUTO_TEST_CASE(every_other_value_has_a_default) {
    const auto out =
        load_with("vendors:\n"
                  "  mention_me: { base_url: https://m.example, client_id: x, client_secret: \"${KEY}\" }\n"
                  "  capillary: { base_url: https://c.example, basic: { username: u, password: '${KEY}' } }\n"
                  "  billing: { base_url: https://b.example, api_username: x, api_key: \"${KEY}\" }\n");
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST(out.warnings.empty());
    const settings& s = *out.settings;
    BOOST_TEST(s.listen.address == "127.0.0.1");
    BOOST_TEST(s.listen.port == 8080);
    BOOST_TEST(s.admin_listen.address == "127.0.0.1");
    BOOST_TEST(s.admin_listen.port == 9090);
    BOOST_TEST((s.deadline.standard == 20s && s.deadline.max == 25s && s.give_up_after == 24h));
    BOOST_TEST((s.drain.delay == 0s && s.drain.timeout == 20s));
    BOOST_TEST(s.journal.most_operations == 10'000u);
    BOOST_TEST((s.journal.sqlite_path.empty() && s.journal.keys.empty()));
    BOOST_TEST((s.idempotency_keep == 168h));
    BOOST_TEST(s.limits.queue == 100'000u);
    BOOST_TEST(s.limits.body == 4'194'304u);
    BOOST_TEST(s.limits.header == 16'384u);
    BOOST_TEST(s.limits.target == 8'192u);
    BOOST_TEST(s.log_level == "info");
    BOOST_TEST(s.plans.empty());
    BOOST_TEST(s.default_plan.empty());
    struct row {
        vendor v;
        std::uint32_t calls;
        offboard::duration per;
        std::uint32_t max_batch, max_in_flight;
        const char* source;
        const char* customer_id_type;
    };
    const row table[] = {{vendor::mention_me, 300, 5min, 100, 4, "", "customerId"},
                         {vendor::capillary, 1000, 1min, 100, 16, "INSTORE", ""},
                         {vendor::billing, 1'000'000'000, 1min, 1, 8, "", ""}};
    for (const auto& r : table) {
        BOOST_TEST_CONTEXT(to_string(r.v)) {
            const auto& v = *s.of(r.v);
            BOOST_TEST(v.budget.calls == r.calls);
            BOOST_TEST((v.budget.per == r.per && v.timeout == 10s));
            BOOST_TEST(v.max_batch == r.max_batch);
            BOOST_TEST(v.max_in_flight == r.max_in_flight);
            BOOST_TEST((v.retry.base == 500ms && v.retry.cap == 30s && v.breaker.open == 10s));
            BOOST_TEST(v.breaker.failures == 5u);
            BOOST_TEST(v.source == r.source);
            BOOST_TEST(v.customer_id_type == r.customer_id_type);
            BOOST_TEST(v.roots.empty());
        }
    }
    const auto& basic = std::get<offboard::capillary_basic>(s.of(vendor::capillary)->credentials);
    BOOST_TEST(basic.password.reveal() == "k-123");
}

BOOST_AUTO_TEST_CASE(every_key_can_be_set) {
    const secret_files files;
    const std::string authority = offboard::test::certificate_pem(offboard::test::make_identity("", nullptr));
    const auto out =
        load_with("listen: '[::1]:0'\n"
                  "admin_listen: '[::]:0'\n"
                  "deadline: { default: 0, max: 55s }\n"
                  "give_up_after: 7d\n"
                  "journal: { memory: { operations: 5 } }\n"
                  "idempotency: { keep: 90d }\n"
                  "drain: { delay: 4s, timeout: 20s }\n"
                  "limits: { body: 64KiB, header: 2048, target: 1KiB, header_timeout: 1s, body_timeout: 2s,\n"
                  "  idle_timeout: 3s, connections: 4, queue: 5 }\n"
                  "log: { level: debug }\n"
                  "secrets: { check_every: 1h }\n"
                  "vendors:\n"
                  "  capillary:\n"
                  "    base_url: https://c.example/api/\n"
                  "    oauth: { key: 12345, secret: \"${KEY}\" }\n"
                  "    source: web_engage\n"
                  "    timeout: 2m\n"
                  "    budget: { calls: 7, per: 250ms }\n"
                  "    max_batch: 50\n"
                  "    max_in_flight: 3\n"
                  "    retry: { base: 1ms, cap: 2s }\n"
                  "    breaker: { failures: 1, open: 100ms }\n"
                  "    tls: { ca_file: " +
                  files.put("ca.pem", authority) +
                  " }\n"
                  "  mention_me:\n"
                  "    base_url: https://m.example\n"
                  "    client_id: x\n"
                  "    client_secret: ${KEY}\n"
                  "    customer_id_type: merchantId\n");
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST(out.warnings.empty(), all(out.warnings));
    const settings& s = *out.settings;
    BOOST_TEST((s.listen.address == "::1" && s.listen.port == 0 && s.admin_listen.address == "::"));
    BOOST_TEST((s.deadline.standard == 0s && s.deadline.max == 55s && s.give_up_after == 168h));
    BOOST_TEST(s.journal.most_operations == 5u);
    BOOST_TEST((s.idempotency_keep == 90 * 24h));
    BOOST_TEST((s.drain.delay == 4s && s.drain.timeout == 20s));
    BOOST_TEST((s.limits.body == 65'536u && s.limits.header == 2048u && s.limits.target == 1024u));
    BOOST_TEST((s.limits.header_timeout == 1s && s.limits.body_timeout == 2s && s.limits.idle_timeout == 3s));
    BOOST_TEST((s.limits.connections == 4u && s.limits.queue == 5u));
    BOOST_TEST(s.log_level == "debug");
    BOOST_TEST((s.secrets.check_every == 1h));
    const auto& c = *s.of(vendor::capillary);
    BOOST_TEST(c.base_url.text == "https://c.example/api");
    BOOST_TEST(std::get<offboard::capillary_oauth>(c.credentials).key == "12345");
    BOOST_TEST(c.source == "WEB_ENGAGE");
    BOOST_TEST((c.timeout == 2min && c.budget.calls == 7u && c.budget.per == 250ms));
    BOOST_TEST((c.max_batch == 50u && c.max_in_flight == 3u && c.retry.base == 1ms && c.retry.cap == 2s));
    BOOST_TEST((c.breaker.failures == 1u && c.breaker.open == 100ms && c.roots == authority));
    BOOST_TEST(s.of(vendor::mention_me)->customer_id_type == "merchantId");
    BOOST_TEST(!s.of(vendor::billing).has_value());
}

BOOST_AUTO_TEST_CASE(a_default_follows_the_bound_that_is_set_beside_it) {
    const auto out = load_with(billing_with("    retry: { cap: 100ms }\n"
                                            "deadline: { max: 5s }\n"
                                            "drain: { delay: 10s }\n"
                                            "limits: { header: 4KiB }\n"));
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    const settings& s = *out.settings;
    BOOST_TEST((s.of(vendor::billing)->retry.base == 100ms));
    BOOST_TEST((s.deadline.standard == 5s));
    BOOST_TEST((s.drain.timeout == 14s));
    BOOST_TEST(s.limits.target == 4096u);
    const auto high = load_with(billing_with("    retry: { base: 1m }\n"));
    BOOST_TEST_REQUIRE(high.settings.has_value());
    BOOST_TEST((high.settings->of(vendor::billing)->retry.cap == 1min));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_load_test
