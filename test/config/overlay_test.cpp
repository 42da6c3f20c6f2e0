#include "fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <variant>

namespace config_overlay_test {

using namespace std::chrono_literals;
using namespace offboard::config;
using namespace offboard::config::test;
using offboard::vendor;

namespace {

const std::string file = billing_with("    timeout: 20s\n"
                                      "plans:\n"
                                      "  Left-us.2: { billing: { forget: { keep: [country, city] } } }\n"
                                      "  other: { billing: { forget: {} } }\n"
                                      "default_plan: other\n");

settings read(const std::vector<std::string>& environment, const std::string& yaml = file) {
    const auto out = load_with(yaml, environment);
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST(out.warnings.empty(), all(out.warnings));
    return *out.settings;
}

} // namespace

BOOST_AUTO_TEST_SUITE(config_overlay)

BOOST_AUTO_TEST_CASE(the_environment_goes_over_the_file) {
    const settings s =
        read({"OFFBOARD__VENDORS__BILLING__TIMEOUT=5s", "OFFBOARD__LISTEN=127.0.0.1:0",
              "OFFBOARD__vendors__Billing__budget__calls=7",
              "OFFBOARD__VENDORS__BILLING__BREAKER={failures: 9, open: 1s}", "OFFBOARD__LOG__LEVEL='warn'",
              "OFFBOARD__DEFAULT_PLAN=Left-us.2", "OFFBOARD__LIMITS__BODY=64KiB", "HOME=/x",
              "OFFBOARD_PORT=5", "OFFBOARD__", "no"});
    const auto& b = *s.of(vendor::billing);
    BOOST_TEST((b.timeout == 5s && b.breaker.open == 1s));
    BOOST_TEST(b.budget.calls == 7u);
    BOOST_TEST((b.budget.per == 1min));
    BOOST_TEST(b.breaker.failures == 9u);
    BOOST_TEST(s.listen.port == 0);
    BOOST_TEST(s.log_level == "warn");
    BOOST_TEST(s.default_plan == "Left-us.2");
    BOOST_TEST(s.limits.body == 65'536u);
}

BOOST_AUTO_TEST_CASE(a_whole_configuration_can_come_from_the_environment) {
    const settings s = read({"OFFBOARD__VENDORS__BILLING__BASE_URL=https://b.example",
                             "OFFBOARD__VENDORS__BILLING__API_USERNAME=someone",
                             "OFFBOARD__VENDORS__BILLING__API_KEY={\"not: yaml",
                             "OFFBOARD__PLANS={bye: {billing: {forget: {}}}}"},
                            "");
    BOOST_TEST(s.plans.at("bye").has(offboard::action::forget));
    BOOST_TEST(std::get<offboard::api_key>(s.of(vendor::billing)->credentials).key.reveal() ==
               "{\"not: yaml");
}

BOOST_AUTO_TEST_CASE(the_wider_variable_goes_first) {
    const settings s = read({"OFFBOARD__VENDORS__BILLING__BUDGET__CALLS=7",
                             "OFFBOARD__VENDORS__BILLING__BUDGET={calls: 5, per: 3s}"});
    BOOST_TEST(s.of(vendor::billing)->budget.calls == 7u);
    BOOST_TEST((s.of(vendor::billing)->budget.per == 3s));
}

BOOST_AUTO_TEST_CASE(names_of_plans_are_matched_and_lists_entered) {
    const settings s = read({"OFFBOARD__PLANS__LEFT_US_2__BILLING__FORGET__KEEP__1=zip",
                             "OFFBOARD__PLANS__OTHER__OPTIONS__ERASE_GATE=settled",
                             "OFFBOARD__PLANS__NEW_ONE={billing: {forget: {}}}"});
    BOOST_TEST(s.plans.at("Left-us.2").keep.at(1) == "zip");
    BOOST_TEST((s.plans.at("other").defaults.erase_gate == offboard::erase_gate::settled));
    BOOST_TEST(s.plans.count("new_one") == 1u);
}

BOOST_AUTO_TEST_CASE(a_secret_takes_the_place_of_its_file_and_the_reverse) {
    const secret_files files;
    const std::string with_file =
        "vendors:\n  billing: { base_url: https://b.example, api_username: x, api_key_file: /none }\n";
    const settings by_value = read({"OFFBOARD__VENDORS__BILLING__API_KEY=abc"}, with_file);
    BOOST_TEST(std::get<offboard::api_key>(by_value.of(vendor::billing)->credentials).key.reveal() == "abc");
    const settings by_name = read({"OFFBOARD__VENDORS__BILLING__API_KEY=${KEY}"}, with_file);
    BOOST_TEST(std::get<offboard::api_key>(by_name.of(vendor::billing)->credentials).key.reveal() == "k-123");
    const settings by_file = read({"OFFBOARD__VENDORS__BILLING__API_KEY_FILE=" + files.put("key", "def\n")});
    BOOST_TEST(std::get<offboard::api_key>(by_file.of(vendor::billing)->credentials).key.reveal() == "def");
    const auto both = load_with(
        file, {"OFFBOARD__VENDORS__BILLING__API_KEY_FILE=/x", "OFFBOARD__VENDORS__BILLING__API_KEY=y"});
    BOOST_TEST(has(both.faults, 0, "vendors.billing.api_key_file", "one of the two"), all(both.faults));
}

BOOST_AUTO_TEST_CASE(a_fault_names_its_variable) {
    struct row {
        const char* variable;
        const char* key;
        const char* detail;
    };
    const row table[] = {
        {"OFFBOARD__LISTNE=1", "listne", "unknown key; did you mean listen? (set by OFFBOARD__LISTNE)"},
        {"OFFBOARD__VENDORS__BILLING__TIMOUT=1s", "vendors.billing.timout",
         "(set by OFFBOARD__VENDORS__BILLING__TIMOUT)"},
        {"OFFBOARD__VENDORS__BILLING__TIMEOUT=soon", "vendors.billing.timeout", "a duration"},
        {"OFFBOARD__VENDORS__BILLING__TIMEOUT=", "vendors.billing.timeout", "a duration"},
        {"OFFBOARD__VENDORS__BILLING__TIMEOUT__X=1s", "vendors.billing.timeout", "nothing below it"},
        {"OFFBOARD__VENDORS__BILLING__BUDGET={calls: 0}", "vendors.billing.budget.calls",
         "(set by OFFBOARD__VENDORS__BILLING__BUDGET)"},
        {"OFFBOARD__VENDORS__BILLING__BUDGET={calls", "vendors.billing.budget", "not one YAML"},
        {"OFFBOARD__VENDORS__BILLING__BUDGET={} x", "vendors.billing.budget", "not one YAML"},
        {"OFFBOARD__LISTEN=0.0.0.0:80", "listen", "only a loopback"},
        {"OFFBOARD__AUTH=jwt", "auth", "must be none"},
        {"OFFBOARD__JOURNAL__POSTGRES__URL_FILE=/x", "journal.postgres", "not available in this release"},
        {"OFFBOARD__IDEMPOTENCY__KEEP=7", "idempotency.keep", "from 1m to 90d"},
        {"OFFBOARD__PLANS__OTHER__BILLING__FORGET__KEEP=[shoe_size]", "plans.other.billing.forget.keep",
         "(set by OFFBOARD__PLANS__OTHER__BILLING__FORGET__KEEP)"},
        {"OFFBOARD__PLANS__LEFT_US_2__BILLING__FORGET__KEEP__2=zip", "plans.Left-us.2.billing.forget.keep",
         "no such place"},
        {"OFFBOARD__DEFAULT_PLAN=none", "default_plan", "not under plans"},
        {"OFFBOARD____LISTEN=x", "", "names no key"},
        {"OFFBOARD__=x", "", "names no key"},
        {"OFFBOARD__A__=x", "", "names no key"},
    };
    for (const auto& r : table) {
        BOOST_TEST_CONTEXT(r.variable) {
            const auto out = load_with(file, {r.variable});
            BOOST_TEST(out.faults.size() == 1u, all(out.faults));
            BOOST_TEST(has(out.faults, 0, r.key, r.detail), all(out.faults));
            const std::string name(r.variable, std::string_view(r.variable).find('='));
            BOOST_TEST(all(out.faults).find(name) != std::string::npos, all(out.faults));
        }
    }
}

BOOST_AUTO_TEST_CASE(two_variables_for_one_key_are_a_fault) {
    const auto out = load_with(file, {"OFFBOARD__LISTEN=127.0.0.1:1", "OFFBOARD__listen=127.0.0.1:2"});
    BOOST_TEST(out.faults.size() == 1u);
    BOOST_TEST(has(out.faults, 0, "", "name the same key"), all(out.faults));
    const auto plans = load_with(
        billing_with("plans:\n  a-b: { billing: { forget: {} } }\n  a_b: { billing: { forget: {} } }\n"),
        {"OFFBOARD__PLANS__A_B__BILLING={}"});
    BOOST_TEST(has(plans.faults, 0, "plans", "several keys"), all(plans.faults));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_overlay_test
