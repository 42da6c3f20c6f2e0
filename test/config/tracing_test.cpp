#include "fixture.hpp"
#include "http/certificates.hpp"

#include <boost/test/unit_test.hpp>

namespace config_tracing_test {

using namespace std::chrono_literals;
using namespace offboard::config;
using namespace offboard::config::test;

namespace {

loaded with_tracing(const std::string& members, const std::vector<std::string>& environment = {}) {
    return load_with("tracing: { " + members + " }\n" + billing, environment);
}

const std::string collector = "otlp: { url: http://127.0.0.1:4318/v1/traces }";

} // namespace

BOOST_AUTO_TEST_SUITE(config_tracing)

BOOST_AUTO_TEST_CASE(without_a_section_no_span_leaves) {
    const loaded got = load_with(billing);
    BOOST_REQUIRE(got.settings.has_value());
    BOOST_TEST(!got.settings->tracing.has_value());
}

BOOST_AUTO_TEST_CASE(a_collector_is_enough) {
    const loaded got = with_tracing(collector);
    BOOST_REQUIRE_MESSAGE(got.settings, all(got.faults));
    const auto& tracing = got.settings->tracing;
    BOOST_REQUIRE(tracing.has_value());
    BOOST_TEST(tracing->collector.host == "127.0.0.1");
    BOOST_TEST(tracing->collector.port == 4318);
    BOOST_TEST(!tracing->collector.tls);
    BOOST_TEST(tracing->collector.path == "/v1/traces");
    BOOST_TEST((tracing->timeout == 10s));
    BOOST_TEST(tracing->sample == 1.0);
}

BOOST_AUTO_TEST_CASE(everything_can_be_said) {
    const secret_files files;
    const std::string roots = offboard::test::certificate_pem(offboard::test::make_identity("", nullptr));
    const loaded got =
        with_tracing("sample: 0.25, otlp: { url: https://collector.example:4318/a/v1/traces, ca_file: " +
                     files.put("ca.pem", roots) + ", timeout: 2s }");
    BOOST_REQUIRE_MESSAGE(got.settings, all(got.faults));
    const auto& tracing = *got.settings->tracing;
    BOOST_TEST(tracing.collector.tls);
    BOOST_TEST(tracing.collector.path == "/a/v1/traces");
    BOOST_TEST(tracing.roots == roots);
    BOOST_TEST((tracing.timeout == 2s));
    BOOST_TEST(tracing.sample == 0.25);
}

BOOST_AUTO_TEST_CASE(headers_come_from_a_file_a_line_each) {
    const secret_files files;
    const std::string file =
        files.put("headers", "Authorization: Bearer a.b=c\r\n\nX-Scope-OrgID:\tacme 1 \n");
    const loaded got = with_tracing("otlp: { url: https://c.example/v1/traces, headers_file: " + file + " }");
    BOOST_REQUIRE_MESSAGE(got.settings, all(got.faults));
    BOOST_TEST(got.warnings.empty());
    const auto& headers = got.settings->tracing->headers;
    BOOST_TEST_REQUIRE(headers.size() == 2u);
    BOOST_TEST(headers[0].first == "authorization");
    BOOST_TEST(headers[0].second.reveal() == "Bearer a.b=c");
    BOOST_TEST(headers[1].first == "x-scope-orgid");
    BOOST_TEST(headers[1].second.reveal() == "acme 1");
    BOOST_TEST_REQUIRE(got.settings->files.size() == 1u);
    BOOST_TEST(got.settings->files.front().key == "tracing.otlp.headers_file");
}

BOOST_AUTO_TEST_CASE(headers_that_cannot_be_sent_are_faults_that_show_nothing_of_them) {
    const secret_files files;
    std::string many;
    for (int i = 0; i < 17; ++i)
        many += "x-" + std::to_string(i) + ": hush\n";
    const struct {
        std::string content;
        const char* part;
    } rows[] = {
        {"", "1 to 16"},
        {"\n \n", "1 to 16"},
        {many, "1 to 16"},
        {"hush", "one a line"},
        {"authorization=hush", "one a line"},
        {": hush", "one a line"},
        {"auth orization: hush", "one a line"},
        {" authorization: hush", "one a line"},
        {"authorization:  \n", "one a line"},
        {"authorization: hu\x01sh", "one a line"},
        {"authorization: h\xc3\xbcsh", "one a line"},
        {"authorization: hush\nAuthorization: hush", "twice"},
        {"Host: hush", "not to be set"},
        {"content-length: 5", "not to be set"},
        {"x: " + std::string(8192, 'h'), "8 KiB"},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.content.substr(0, 40)) {
            const std::string file = files.put("headers", row.content);
            const loaded got =
                with_tracing("otlp: { url: https://c.example/v1/traces, headers_file: " + file + " }");
            BOOST_TEST(!got.settings.has_value());
            BOOST_TEST(has(got.faults, 1, "tracing.otlp.headers_file", row.part), all(got.faults));
            BOOST_TEST(all(got.faults).find("hush") == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_environment_can_say_it_alone) {
    const loaded got = load_with(billing, {"OFFBOARD__TRACING__OTLP__URL=http://localhost:4318/v1/traces",
                                           "OFFBOARD__TRACING__SAMPLE=0.5"});
    BOOST_REQUIRE_MESSAGE(got.settings, all(got.faults));
    BOOST_REQUIRE(got.settings->tracing.has_value());
    BOOST_TEST(got.settings->tracing->sample == 0.5);
}

BOOST_AUTO_TEST_CASE(every_fault_has_its_line_and_key) {
    const struct {
        std::string members;
        const char* key;
        const char* part;
    } rows[] = {
        {"sample: 1", "tracing.otlp", "is required"},
        {"otlp: {}", "tracing.otlp.url", "is required"},
        {"otlp: { url: http://collector.example:4318/v1/traces }", "tracing.otlp.url", "loopback"},
        {"otlp: { url: https://collector.example:4318 }", "tracing.otlp.url", "path"},
        {"otlp: { url: https://collector.example:4318/v1/traces/ }", "tracing.otlp.url", "path"},
        {"otlp: { url: 'grpc://collector.example:4317' }", "tracing.otlp.url", "http"},
        {"otlp: { url: http://127.0.0.1:1/v1/traces, protocol: grpc }", "tracing.otlp.protocol", ""},
        {"otlp: { url: http://127.0.0.1:1/v1/traces, timeout: 2h }", "tracing.otlp.timeout", "1m"},
        {collector + ", sample: 1.5", "tracing.sample", "0 to 1"},
        {collector + ", sample: -0.1", "tracing.sample", "0 to 1"},
        {collector + ", sample: half", "tracing.sample", "0 to 1"},
        {collector + ", sample: nan", "tracing.sample", "0 to 1"},
        {collector + ", sample: 1e-1", "tracing.sample", "0 to 1"},
        {collector + ", share: 1", "tracing.share", ""},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.members) {
            const loaded got = with_tracing(row.members);
            BOOST_TEST(!got.settings.has_value());
            BOOST_TEST(has(got.faults, 1, row.key, row.part), all(got.faults));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_tracing_test
