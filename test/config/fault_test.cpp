#include "fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace config_fault_test {

using namespace offboard::config;
using namespace offboard::config::test;

namespace {

/// Lines that stand below `billing`, from line 6 on: still in its section while they are indented.
struct row {
    const char* lines;
    std::size_t line;
    const char* key;
    const char* detail;
};

const row table[] = {
    // keys
    {"listne: 127.0.0.1:80\n", 6, "listne", "unknown key; did you mean listen?"},
    {"    time_out: 5s\n", 6, "vendors.billing.time_out", "did you mean timeout?"},
    {"    max-batch: 1\n", 6, "vendors.billing.max-batch", "did you mean max_batch?"},
    {"    source: INSTORE\n", 6, "vendors.billing.source", "unknown key"},
    {"    customer_id_type: x\n", 6, "vendors.billing.customer_id_type", "unknown key"},
    {"  capilary:\n    base_url: https://x.example\n", 6, "vendors.capilary", "did you mean capillary?"},
    {"something_else: 1\n", 6, "something_else", "unknown key"},
    {"a key with blanks: 1\n", 6, "?", "unknown key"},
    {"    base_url: https://b.example\n", 6, "vendors.billing.base_url", "stands twice; first on line 3"},
    {"vendors: {}\n", 6, "vendors", "stands twice; first on line 1"},
    {"drain: 5s\n", 6, "drain", "must be a map of settings, not a string"},
    {"limits: [1]\n", 6, "limits", "must be a map of settings, not an array"},
    // listeners and authentication
    {"listen: localhost:8080\n", 6, "listen", "numeric address"},
    {"listen: 8080\n", 6, "listen", "127.0.0.1:8080"},
    {"listen:\n", 6, "listen", "127.0.0.1:8080"},
    {"listen: 0.0.0.0:8080\n", 6, "listen", "only a loopback"},
    {"auth: none\nlisten: 0.0.0.0:8080\n", 7, "listen", "only a loopback"},
    {"listen: 127.0.0.1:9090\n", 0, "admin_listen", "is the address and port of listen"},
    {"admin_listen: none\n", 6, "admin_listen", "numeric address"},
    {"auth: api_keys\n", 6, "auth", "must be none, or have api_keys or jwt"},
    {"auth: { jwtt: {} }\n", 6, "auth.jwtt", "did you mean jwt?"},
    {"auth: off\n", 6, "auth", "must be none"},
    {"auth:\n", 6, "auth", "must be none"},
    {"auth: {}\n", 6, "auth", "must be none"},
    // later releases
    {"journal: { postgres: {} }\n", 6, "journal.postgres", "not available in this release"},
    // values and their ranges
    {"deadline: { default: 30s }\n", 6, "deadline.default", "must not be beyond"},
    {"deadline: { max: 56s }\n", 6, "deadline.max", "from 1s to 55s"},
    {"give_up_after: 1500ms # x\ndeadline: { max: 10 }\n", 7, "deadline.max", "a whole number and one of"},
    {"give_up_after: 31d\n", 6, "give_up_after", "from 1s to 30d"},
    {"idempotency: { keep: 59s }\n", 6, "idempotency.keep", "from 1m to 90d"},
    {"idempotency: { keep: 91d }\n", 6, "idempotency.keep", "from 1m to 90d"},
    {"idempotency: 7d\n", 6, "idempotency", "must be a map"},
    {"idempotency: { kept: 7d }\n", 6, "idempotency.kept", "did you mean keep?"},
    {"give_up_after: [1s]\n", 6, "give_up_after", "a duration"},
    {"drain: { delay: 5s, timeout: 20s }\n", 6, "drain.timeout", "24s together"},
    {"drain: { delay: 21s }\n", 6, "drain.delay", "from 0 to 20s"},
    {"limits: { body: 65MiB }\n", 6, "limits.body", "from 1KiB to 64MiB"},
    {"limits: { body: 4MB }\n", 6, "limits.body", "a size"},
    {"limits: { header: 1KiB, target: 2KiB }\n", 6, "limits.target", "limits.header"},
    {"limits: { connections: 0 }\n", 6, "limits.connections", "from 1 to 1000000"},
    {"limits: { queue: 1.5 }\n", 6, "limits.queue", "a whole number"},
    {"limits: { idle_timeout: 2h }\n", 6, "limits.idle_timeout", "from 100ms to 1h"},
    {"log: { level: loud }\n", 6, "log.level", "debug, info, warn or error"},
    {"log: { level: ifno }\n", 6, "log.level", "did you mean info?"},
    {"log: { level: [info] }\n", 6, "log.level", "must be a text"},
    {"journal: { memory: { operations: -1 } }\n", 6, "journal.memory.operations", "from 1 to"},
    // vendors
    {"    budget: { calls: 0 }\n", 6, "vendors.billing.budget.calls", "from 1 to 1000000000"},
    {"    budget: { calls: 1000000001 }\n", 6, "vendors.billing.budget.calls", "from 1 to 1000000000"},
    {"    budget:\n      calls: 5\n      per: 0\n", 8, "vendors.billing.budget.per", "from 1ms to 1d"},
    {"    budget: { call: 5 }\n", 6, "vendors.billing.budget.call", "did you mean calls?"},
    {"    max_batch: 2\n", 6, "vendors.billing.max_batch", "from 1 to 1"},
    {"    max_in_flight: 1001\n", 6, "vendors.billing.max_in_flight", "from 1 to 1000"},
    {"    timeout: 3m\n", 6, "vendors.billing.timeout", "from 100ms to 2m"},
    {"    retry: { base: 2s, cap: 1s }\n", 6, "vendors.billing.retry.cap", "must not be below"},
    {"    breaker: { failures: 0 }\n", 6, "vendors.billing.breaker.failures", "from 1 to"},
    {"    tls: { ca_file: '' }\n", 6, "vendors.billing.tls.ca_file", "must not be empty"},
    {"    tls: { ca_fil: x }\n", 6, "vendors.billing.tls.ca_fil", "did you mean ca_file?"},
    {"  mention_me: { client_id: x }\n", 6, "vendors.mention_me.base_url", "is required"},
    {"  mention_me: { base_url: https://m.example }\n", 6, "vendors.mention_me.client_id", "is required"},
    {"  mention_me: { base_url: https://m.example }\n", 6, "vendors.mention_me.client_secret", "is required"},
    {"  mention_me:\n", 6, "vendors.mention_me.base_url", "is required"},
    {"  mention_me: { max_batch: 101 }\n", 6, "vendors.mention_me.max_batch", "from 1 to 100"},
    {"  capillary: { max_batch: 101 }\n", 6, "vendors.capillary.max_batch", "from 1 to 100"},
    {"  capillary: { base_url: https://c.example }\n", 6, "vendors.capillary", "exactly one of oauth"},
    {"  capillary:\n    oauth: {}\n    basic: {}\n", 8, "vendors.capillary.basic", "exactly one of oauth"},
    {"  capillary:\n    oauth:\n      secret: ${KEY}\n", 7, "vendors.capillary.oauth.key", "is required"},
    {"  capillary: { basic: { username: 'a:b' } }\n", 6, "vendors.capillary.basic.username", "colon"},
    {"  capillary: { source: SHOP }\n", 6, "vendors.capillary.source", "WEB_ENGAGE"},
    {"  mention_me: { base_url: http://m.example }\n", 6, "vendors.mention_me.base_url", "loopback"},
    {"  mention_me: { base_url: 5 }\n", 6, "vendors.mention_me.base_url", "a URL"},
    // plans
    {"plans:\n  p: { mention_me: { lapse: {} } }\n", 7, "plans.p.mention_me", "needs vendors.mention_me"},
    {"plans:\n  p:\n    capillary:\n      delink: { partner_programs: [x] }\n", 8, "plans.p.capillary",
     "needs vendors.capillary"},
    {"plans:\n  p: {}\n", 7, "plans.p", ""},
    {"plans:\n  p:\n", 7, "plans.p", "must be an object"},
    {"plans:\n  'a b': { billing: { forget: {} } }\n", 7, "plans.?", "1 to 64"},
    {"plans:\n  p: { billing: { forget: {} } }\n  p: { billing: { forget: {} } }\n", 8, "plans.p",
     "stands twice"},
    {"plans:\n  p: { billing: { forgett: {} } }\n", 7, "plans.p.billing.forgett", "unknown"},
    {"plans:\n  p:\n    billing:\n      forget:\n        keep: [country, shoe_size]\n", 10,
     "plans.p.billing.forget.keep", "shoe_size: has a name that is not"},
    {"plans:\n  p:\n    billing:\n      forget:\n        keep: [country, usrname]\n", 10,
     "plans.p.billing.forget.keep",
     "usrname: has a name that is not a field or table the vendor can keep; did "
     "you mean username?"},
    {"plans:\n  p:\n    billing:\n      forget:\n        keep: ['Jane Doe']\n", 10,
     "plans.p.billing.forget.keep", "has a name that is not"},
    // samples that were not filled in
    {"  mention_me: { client_id: replace-me }\n", 6, "vendors.mention_me.client_id", "is a placeholder"},
    {"  mention_me: { client_id: <client id> }\n", 6, "vendors.mention_me.client_id", "is a placeholder"},
    {"  mention_me: { client_id: CHANGE_ME }\n", 6, "vendors.mention_me.client_id", "is a placeholder"},
    {"  mention_me: { client_secret: changeme }\n", 6, "vendors.mention_me.client_secret",
     "is a placeholder"},
    {"    timeout: { a: ${A}, b: c }\n", 6, "", "put a variable in quotes: \"${VARIABLE}\""},
    {"plans:\n  p:\n    capillary:\n      revoke:\n        - { promotion_id: \"1\", kind: direct_issue }\n",
     10, "plans.p.capillary.revoke[0].program_id", "required"},
    {"plans: [x]\n", 6, "plans", "must be a map"},
    {"default_plan: p\n", 6, "default_plan", "not under plans"},
    {"plans: { p: { billing: { forget: {} } } }\ndefault_plan: q\n", 7, "default_plan", "not under plans"},
};

} // namespace

BOOST_AUTO_TEST_SUITE(config_fault)

BOOST_AUTO_TEST_CASE(every_fault_has_its_line_and_its_key) {
    BOOST_TEST_REQUIRE(load_with(billing).settings.has_value());
    for (const auto& r : table) {
        BOOST_TEST_CONTEXT(r.lines) {
            const auto out = load_with(billing_with(r.lines));
            BOOST_TEST(!out.settings.has_value());
            BOOST_TEST(has(out.faults, r.line, r.key, r.detail), all(out.faults));
        }
    }
}

BOOST_AUTO_TEST_CASE(all_faults_come_at_once_and_in_the_order_of_lines) {
    const auto out = load_with(billing_with("    timeout: never\n"
                                            "plans:\n"
                                            "  p: { mention_me: { lapse: {} } }\n"
                                            "drain: { delay: x, dealy: 1s }\n"
                                            "listen: x\n"));
    const char* expected = "line 6: vendors.billing.timeout\n"
                           "line 8: plans.p.mention_me\n"
                           "line 9: drain.delay\n"
                           "line 9: drain.dealy\n"
                           "line 10: listen\n";
    std::string found;
    for (const auto& f : out.faults)
        found += "line " + std::to_string(f.line) + ": " + f.key + "\n";
    BOOST_TEST(found == expected);
}

BOOST_AUTO_TEST_CASE(a_text_that_is_no_map_is_one_fault) {
    for (const char* text : {"", "# nothing\n", "vendors:\n", "vendors: {}\n"})
        BOOST_TEST(has(load(text, {}).faults, *text == 'v' ? 1 : 0, "vendors", "at least one"), text);
    for (const char* text : {"- x\n", "hello\n", "5\n"})
        BOOST_TEST(has(load(text, {}).faults, 1, "", "must be a map of settings"), text);
    BOOST_TEST(has(load("a: [\n", {}).faults, 2, "", "not YAML"));
}

BOOST_AUTO_TEST_CASE(a_fault_is_printed_with_what_it_has) {
    BOOST_TEST(to_string(fault{7, "a.b", "is required"}) == "line 7: a.b: is required");
    BOOST_TEST(to_string(fault{0, "a.b", "is required"}) == "a.b: is required");
    BOOST_TEST(to_string(fault{3, "", "not YAML"}) == "line 3: not YAML");
}

BOOST_AUTO_TEST_CASE(an_authority_without_tls_is_a_warning) {
    const auto out = load_with(billing_with("    tls: { ca_file: /etc/ca.pem }\n"));
    BOOST_TEST(out.settings.has_value());
    BOOST_TEST(has(out.warnings, 6, "vendors.billing.tls.ca_file", "no effect"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_fault_test
