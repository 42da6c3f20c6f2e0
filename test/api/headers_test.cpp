#include "negotiation.hpp"

#include "offboard/api/prefer.hpp"
#include "offboard/api/problem.hpp"

#include <boost/test/unit_test.hpp>

namespace api_headers_test {

using namespace std::chrono_literals;
using namespace offboard;

BOOST_AUTO_TEST_SUITE(headers_suite)

BOOST_AUTO_TEST_CASE(prefer_is_read_as_rfc_7240_says) {
    const struct {
        std::string_view list;
        bool async;
        std::optional<std::chrono::seconds> wait;
    } rows[] = {
        {"", false, {}},
        {"respond-async", true, {}},
        {"Respond-Async, WAIT=10", true, 10s},
        {"wait=\"7\"; x=y, return=minimal", false, 7s},
        {"wait=0", false, 0s},
        {"wait=3, wait=9", false, 3s},
        {"wait=x", false, {}},
        {"wait=-1", false, {}},
        {"wait", false, {}},
        {"wait=99999999999999999999", false, 3600s},
        {"handling=\"a,respond-async\"", false, {}},
        {",,;=,", false, {}},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.list) {
            const auto got = api::read_prefer(row.list);
            BOOST_TEST(got.respond_async == row.async);
            BOOST_TEST((got.wait == row.wait));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_coding_is_admitted_by_its_name_or_else_by_the_star) {
    const struct {
        std::string_view list;
        bool gzip;
    } rows[] = {
        {"", false},
        {"gzip", true},
        {"deflate, GZip;q=0.5, br", true},
        {"deflate, br", false},
        {"identity", false},
        {"*", true},
        {"*;q=0", false},
        {"gzip;q=0, *", false},
        {"*, gzip;q=0.000", false},
        {"*;q=0, gzip;q=0.001", true},
        {"gzip2", false},
        {",,;=,", false},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.list) {
            BOOST_TEST(api::accepts_coding(row.list, "gzip") == row.gzip);
        }
}

BOOST_AUTO_TEST_CASE(accept_goes_by_the_most_specific_range) {
    const struct {
        std::string_view accept;
        bool json;
    } rows[] = {
        {"", true},
        {"*/*", true},
        {"application/json", true},
        {"Application/JSON; q=0.1", true},
        {"application/*", true},
        {"text/html", false},
        {"text/html, */*;q=0.1", true},
        {"application/json;q=0, */*", false},
        {"*/*;q=0", false},
        {"*/*;q=0.0, application/json;q=0.5", true},
        {"application/problem+json", false},
        {"nonsense", false},
    };
    for (const auto& row : rows)
        BOOST_TEST(api::accepts(row.accept, "application", "json") == row.json, row.accept);
}

BOOST_AUTO_TEST_CASE(only_json_is_json) {
    for (const auto* good : {"application/json", "application/json; charset=utf-8", "APPLICATION/JSON ;x"})
        BOOST_TEST(api::is_json(good), good);
    for (const auto* bad :
         {"", "text/json", "application/json5", "application/x-www-form-urlencoded", "json"})
        BOOST_TEST(!api::is_json(bad), bad);
}

BOOST_AUTO_TEST_CASE(every_503_says_when_to_come_again_and_every_problem_names_its_request) {
    for (const errc e : {errc::queue_full, errc::journal_full, errc::journal_unavailable, errc::draining,
                         errc::not_found, errc::answer_lost}) {
        const auto answer = api::problem_of(e, "01JD2M7Q0R8W2C5V9T3K6H4XNB");
        BOOST_TEST(answer.content_type == "application/problem+json");
        BOOST_TEST(answer.body.find("urn:offboard:request:01JD2M7Q0R8W2C5V9T3K6H4XNB") != std::string::npos);
        bool retry = false;
        for (const auto& [name, value] : answer.headers)
            retry = retry || name == "Retry-After";
        BOOST_TEST(retry == (answer.status == 503));
        BOOST_TEST((answer.status == 404 || answer.status == 500 || answer.status == 503));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace api_headers_test
