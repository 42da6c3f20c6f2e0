#include "offboard/telemetry/otlp.hpp"

#include "offboard/base/document.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace telemetry_otlp_test {

using namespace std::chrono_literals;
using namespace offboard;
using namespace offboard::telemetry;

namespace {

const otlp::resource us{"offboard", "1.2.3", "01JD2M7Q0R8W2C5V9T3K6H4XNB"};
/// One second by the steady clock is 2026-11-22T10:15:02.113Z by the other.
const otlp::moment now{steady_time(1s), wall_time(1'795'342'502'113ms)};

const std::string head =
    R"({"resourceSpans":[{"resource":{"attributes":[)"
    R"({"key":"service.name","value":{"stringValue":"offboard"}},)"
    R"({"key":"service.version","value":{"stringValue":"1.2.3"}},)"
    R"({"key":"service.instance.id","value":{"stringValue":"01JD2M7Q0R8W2C5V9T3K6H4XNB"}}]},)"
    R"("scopeSpans":[{"scope":{"name":"offboard","version":"1.2.3"},"spans":[)";
const std::string tail = "]}]}]}";

span plain() {
    span out;
    out.context.trace = {0x4bf92f3577b34da6, 0xa3ce929d0e0e4736};
    out.context.span = 0xb7ad6b7169203331;
    out.context.sampled = true;
    out.name = "POST /offboard";
    out.begun = now.steady;
    out.ended = now.steady + 1500us;
    return out;
}

const std::string plain_ids = R"({"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"b7ad6b7169203331",)";
const std::string plain_times =
    R"("startTimeUnixNano":"1795342502113000000","endTimeUnixNano":"1795342502114500000")";

} // namespace

BOOST_AUTO_TEST_SUITE(otlp_suite)

BOOST_AUTO_TEST_CASE(spans_are_encoded_to_the_letter) {
    span root = plain();
    span child = plain();
    child.context.parent = 0x00f067aa0ba902b7;
    child.context.remote_parent = true;
    child.note("http.request.method", "POST");
    child.note("http.response.status_code", std::int64_t(503));
    child.attributes.push_back({"offboard.flag", true});
    child.failed = true;
    span linked = plain();
    linked.kind = span::side::client;
    linked.name = "POST /a\"b\\c\n\xc3\xa9";
    linked.link(child.context);
    linked.dropped_links = 7;
    const struct {
        const char* what;
        std::vector<span> spans;
        std::string expected;
    } rows[] = {
        {"nothing", {}, ""},
        {"a root",
         {root},
         plain_ids + R"("flags":257,"name":"POST /offboard","kind":2,)" + plain_times + "}"},
        {"a child of another process' span that failed",
         {child},
         plain_ids + R"("parentSpanId":"00f067aa0ba902b7","flags":769,"name":"POST /offboard","kind":2,)" +
             plain_times +
             R"(,"attributes":[{"key":"http.request.method","value":{"stringValue":"POST"}},)"
             R"({"key":"http.response.status_code","value":{"intValue":"503"}},)"
             R"({"key":"offboard.flag","value":{"boolValue":true}}],"status":{"code":2}})"},
        {"a call that serves several",
         {linked},
         plain_ids + "\"flags\":257,\"name\":\"POST /a\\\"b\\\\c\\n\xc3\xa9\",\"kind\":3," + plain_times +
             R"(,"links":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"b7ad6b7169203331",)"
             R"("flags":257}],"droppedLinksCount":7})"},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.what) {
            const std::string text = otlp::encode(row.spans, us, now);
            BOOST_TEST(text == head + row.expected + tail);
            json_fault fault;
            BOOST_TEST(parse_json(text, fault).has_value());
        }
    }
    const std::vector<span> both = {root, root};
    BOOST_TEST(otlp::encode(both, us, now) == head + rows[1].expected + "," + rows[1].expected + tail);
}

BOOST_AUTO_TEST_CASE(times_before_the_moment_are_right_too) {
    BOOST_TEST(now.unix_nanos(now.steady - 1ns) == 1'795'342'502'112'999'999);
    BOOST_TEST(now.unix_nanos(steady_time{}) == 1'795'342'501'113'000'000);
}

BOOST_AUTO_TEST_CASE(a_partial_success_says_how_many_were_rejected) {
    const struct {
        std::string_view answer;
        std::uint64_t rejected;
    } rows[] = {
        {"", 0},
        {"{}", 0},
        {"[]", 0},
        {"not json", 0},
        {R"({"partialSuccess":{}})", 0},
        {R"({"partialSuccess":null})", 0},
        {R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too many"}})", 3},
        {R"({"partialSuccess":{"rejectedSpans":4}})", 4},
        {R"({"partialSuccess":{"rejectedSpans":"-4"}})", 0},
        {R"({"partialSuccess":{"rejectedSpans":"many"}})", 0},
        {R"({"partialSuccess":{"rejectedSpans":[1]}})", 0},
    };
    for (const auto& row : rows)
        BOOST_TEST(otlp::rejected_spans(row.answer) == row.rejected, row.answer);
}

BOOST_AUTO_TEST_CASE(only_what_may_pass_is_sent_again) {
    for (const unsigned status : {429u, 502u, 503u, 504u})
        BOOST_TEST(otlp::may_send_again(status), status);
    for (const unsigned status : {200u, 301u, 400u, 401u, 403u, 404u, 413u, 500u, 501u})
        BOOST_TEST(!otlp::may_send_again(status), status);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace telemetry_otlp_test
