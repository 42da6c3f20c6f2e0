#include "support.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_forget_test {

using namespace vendors_test;

namespace {
const batch one = batch_of(action::forget, {who(identifier_kind::billing_order_id, "A-77")});
}

BOOST_AUTO_TEST_SUITE(billing_forget)

BOOST_AUTO_TEST_CASE(only_true_is_success) {
    constexpr const char* forgotten = "settle succeeded/forgotten";
    constexpr const char* refused = "settle failed/refused";
    constexpr const char* unexpected = "settle unknown/unexpected_body retryable acted";
    struct {
        const char* name;
        unsigned status;
        const char* body;
        const char* verdict;
    } const rows[] = {
        {"3.4.1: the documented answer", 200, "true", forgotten},
        {"3.4.1: blanks", 200, " \r\n\ttrue\n", forgotten},
        {"3.4.1: byte order mark", 200, "\xEF\xBB\xBFtrue", forgotten},
        {"3.4.1: the sibling's shape", 200, R"({"result":true})", forgotten},
        {"3.4.1: with a null error", 200, R"({"result":true,"error":null})", forgotten},
        {"another 2xx", 202, "true", forgotten},
        {"3.4.1: false", 200, "false", refused},
        {"3.4.1: result false", 200, R"({"result":false})", refused},
        {"3.4.1: error", 200, R"({"error":"no such customer"})", refused},
        {"3.4.1: error object", 200, R"({"error":{"code":5}})", refused},
        {"true and an error", 200, R"({"result":true,"error":"x"})", unexpected},
        {"no and yes", 200, R"({"result":false,"success":true})", unexpected},
        {"an error and yes", 200, R"({"error":"x","success":true})", unexpected},
        {"3.4.1: null", 200, "null", unexpected},
        {"3.4.1: nought", 200, "0", unexpected},
        {"3.4.2: one", 200, "1", unexpected},
        {"3.4.1: empty string", 200, "\"\"", unexpected},
        {"3.4.1: string", 200, "\"true\"", unexpected},
        {"3.4.1: empty list", 200, "[]", unexpected},
        {"list of true", 200, "[true]", unexpected},
        {"result in words", 200, R"({"result":"Success"})", unexpected},
        {"result one", 200, R"({"result":1})", unexpected},
        {"empty object", 200, "{}", unexpected},
        {"3.4.1: empty body", 200, "", unexpected},
        {"no content", 204, "", unexpected},
        {"3.4.1: HTML", 200, "<html>true</html>", unexpected},
        {"3.4.1: PHP notice", 200, "<br />\n<b>Notice</b>: x\ntrue", unexpected},
        {"two texts", 200, "true true", unexpected},
        {"capitals", 200, "TRUE", unexpected},
        {"text", 200, "customer_id is required", unexpected},
        {"3.4.3: bad key", 401, "", "settle failed/vendor_auth retryable"},
        {"3.4.3: foreign address", 403, "Forbidden", "settle failed/vendor_auth retryable"},
        {"3.4.3: login page", 302, "", "settle failed/redirected retryable"},
        {"3.4.3: bad request", 400, R"({"error":"x"})", "settle failed/rejected"},
        {"3.4.4: unknown customer, or wrong path", 404, "", "settle failed/ambiguous_404 retryable"},
        {"3.4.4: true under a 404", 404, "true", "settle failed/ambiguous_404 retryable"},
        {"3.2: method", 405, "", "settle failed/rejected"},
        {"429", 429, "", "later failed/rate_limited retryable"},
        {"3.4.7: fault", 500, "true", "retry unknown/outcome_unknown retryable acted"},
    };
    for (const auto& r : rows)
        BOOST_TEST_CONTEXT(r.name) {
            BOOST_TEST(decoded(one, r.status, r.body) == r.verdict);
        }
}

BOOST_AUTO_TEST_CASE(the_vendor_s_reason_is_kept) {
    BOOST_TEST(decode(one, response(200, R"({"error":"locked"})"), {})[0].result.vendor.message == "locked");
    BOOST_TEST(decode(one, response(200, R"({"result":false,"message":"m"})"), {})[0].result.vendor.message ==
               "m");
}

BOOST_AUTO_TEST_CASE(row_3_4_6_a_404_after_an_attempt_of_ours_is_still_ambiguous) {
    batch again = one;
    again.places[0].acted_before = true;
    BOOST_TEST(decoded(again, 404, "") == "settle failed/ambiguous_404 retryable");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_forget_test
