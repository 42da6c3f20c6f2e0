#include "app/request_span.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

namespace app_request_span_test {

using namespace std::chrono_literals;
using namespace offboard;

namespace {

std::map<std::string, std::string> facts_of(const telemetry::span& s) {
    std::map<std::string, std::string> out;
    for (const auto& [name, value] : s.attributes) {
        if (const auto* text = std::get_if<std::string>(&value)) out.emplace(name, *text);
        if (const auto* number = std::get_if<std::int64_t>(&value))
            out.emplace(name, std::to_string(*number));
    }
    return out;
}

http::exchange_record answered(unsigned status) {
    http::exchange_record out;
    out.method = "POST";
    out.route = "/offboard";
    out.request_id = "01JD2M7Q0R8W2C5V9T3K6H4XNB";
    out.concerning = "01JD2M7Q0R8W2C5V9T3K6H4XNC";
    out.asked_by = "somebody";
    out.trace.span = 7;
    out.status = status;
    out.took = 250ms;
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(request_span_suite)

BOOST_AUTO_TEST_CASE(a_request_has_the_names_of_the_conventions_and_nothing_of_the_caller) {
    const steady_time now(10s);
    const telemetry::span s = app::request_span(answered(207), "https", now);
    BOOST_TEST(s.name == "POST /offboard");
    BOOST_TEST((s.kind == telemetry::span::side::server));
    BOOST_TEST(s.context.span == 7u);
    BOOST_TEST((s.ended == now));
    BOOST_TEST((s.begun == now - 250ms));
    BOOST_TEST(!s.failed);
    const std::map<std::string, std::string> expected = {
        {"http.request.method", "POST"},
        {"http.route", "/offboard"},
        {"http.response.status_code", "207"},
        {"url.scheme", "https"},
        {"offboard.request_id", "01JD2M7Q0R8W2C5V9T3K6H4XNB"},
        {"offboard.operation", "01JD2M7Q0R8W2C5V9T3K6H4XNC"}};
    BOOST_TEST((facts_of(s) == expected));
}

BOOST_AUTO_TEST_CASE(only_our_own_fault_is_an_error) {
    const steady_time now(10s);
    for (const unsigned status : {200u, 202u, 400u, 404u, 429u}) {
        const telemetry::span s = app::request_span(answered(status), "http", now);
        BOOST_TEST(!s.failed, status);
        BOOST_TEST(facts_of(s).count("error.type") == 0u, status);
    }
    for (const unsigned status : {500u, 503u}) {
        const telemetry::span s = app::request_span(answered(status), "http", now);
        BOOST_TEST(s.failed, status);
        BOOST_TEST(facts_of(s)["error.type"] == std::to_string(status));
    }
}

BOOST_AUTO_TEST_CASE(what_matched_no_route_and_no_method_has_a_name_all_the_same) {
    http::exchange_record strange = answered(501);
    strange.method = "other";
    strange.route = {};
    strange.concerning = {};
    const telemetry::span s = app::request_span(strange, "http", steady_time(10s));
    BOOST_TEST(s.name == "HTTP");
    auto facts = facts_of(s);
    BOOST_TEST(facts["http.request.method"] == "_OTHER");
    BOOST_TEST(facts.count("http.route") == 0u);
    BOOST_TEST(facts.count("offboard.operation") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace app_request_span_test
