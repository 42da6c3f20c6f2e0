#include "support.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_lapse_test {

using namespace vendors_test;

namespace {

constexpr const char* queued = "settle accepted/queued";
constexpr const char* not_found = "settle absent/not_found";
constexpr const char* omitted = "isolate unknown/vendor_omitted retryable acted";
constexpr const char* nobody = "settle unknown/vendor_omitted retryable acted";
constexpr const char* contradictory = "isolate unknown/contradictory_answer retryable acted";
constexpr const char* ambiguous = "isolate unknown/ambiguous_answer retryable acted";
constexpr const char* unreadable = "settle unknown/unreadable_answer retryable acted";

std::string both(const std::string& a, const std::string& b) {
    return a + " | " + b;
}

batch email_and_id(const char* email, const char* id) {
    batch b = emails({email});
    b.places.push_back(who(identifier_kind::mention_me_customer_id, id));
    return b;
}

} // namespace

BOOST_AUTO_TEST_SUITE(mention_me_lapse)

BOOST_AUTO_TEST_CASE(the_documented_answer_is_read) {
    const batch b = emails({"a@b.example", "c@d.example"});
    const auto v = decode(b, response(200, R"({"accepted":[{"type":"email","value":"a@b.example"}],
        "errors":[{"value":"c@d.example","reason":"notFound"}]})"),
                          {});
    BOOST_TEST(show(v) == both(queued, not_found));
    BOOST_TEST(v[1].result.vendor.reason == "notFound");
    // Word for word the vendor's sample: its values are placeholders, so it is about nobody we asked for.
    const char* sample =
        R"({"accepted":[{"type":"email","value":""}],"errors":[{"value":"<string>","reason":"notFound"}]})";
    BOOST_TEST(decoded(b, 200, sample) == both(nobody, nobody));
}

BOOST_AUTO_TEST_CASE(one_place_table) {
    const batch b = emails({"Jo@Example.com"});
    struct {
        const char* name;
        unsigned status;
        const char* body;
        const char* verdict;
    } const rows[] = {
        {"1.7.2: 202", 202, R"({"accepted":[{"type":"email","value":"Jo@Example.com"}],"errors":[]})",
         queued},
        {"1.7.2: 207", 207, R"({"accepted":[{"type":"email","value":"Jo@Example.com"}]})", queued},
        {"1.7.2: null array", 200,
         R"({"accepted":[{"type":"email","value":"Jo@Example.com"}],"errors":null})", queued},
        {"1.7.2: in neither", 200, R"({"accepted":[],"errors":[]})", omitted},
        {"1.7.2: both missing", 200, "{}", omitted},
        {"1.7.2: both null", 200, R"({"accepted":null,"errors":null})", omitted},
        {"array of a wrong type", 200, R"({"accepted":{},"errors":[]})", unreadable},
        {"array of a wrong type", 200, R"({"accepted":[{"value":"Jo@Example.com"}],"errors":"none"})",
         unreadable},
        {"1.7.3: another reason", 200, R"({"errors":[{"value":"Jo@Example.com","reason":"invalid"}]})",
         "settle failed/refused"},
        {"1.7.3: near, but not notFound", 200,
         R"({"errors":[{"value":"Jo@Example.com","reason":"notfound"}]})", "settle failed/refused"},
        {"1.7.3: no reason", 200, R"({"errors":[{"value":"Jo@Example.com"}]})", "settle failed/refused"},
        {"1.7.3: null type", 200, R"({"accepted":[{"type":null,"value":"Jo@Example.com"}]})", queued},
        {"1.7.3: type of another kind", 200,
         R"({"accepted":[{"type":"customerId","value":"Jo@Example.com"}]})", omitted},
        {"1.7.3: type that is no text", 200, R"({"accepted":[{"type":5,"value":"Jo@Example.com"}]})",
         omitted},
        {"1.7.4: other case", 200, R"({"accepted":[{"type":"email","value":"jo@example.COM"}]})", queued},
        {"1.7.4: other case, no type", 200, R"({"errors":[{"value":"jo@example.com","reason":"notFound"}]})",
         not_found},
        {"1.7.4: blanks", 200, R"({"accepted":[{"type":"email","value":" jo@example.com "}]})", queued},
        {"1.7.5: echoed twice", 200,
         R"({"accepted":[{"value":"Jo@Example.com"},{"value":"Jo@Example.com"}]})", queued},
        {"in both lists", 200,
         R"({"accepted":[{"value":"Jo@Example.com"}],"errors":[{"value":"Jo@Example.com","reason":"notFound"}]})",
         contradictory},
        {"two reasons", 200,
         R"({"errors":[{"value":"Jo@Example.com","reason":"x"},{"value":"Jo@Example.com","reason":"notFound"}]})",
         contradictory},
        {"items of no shape", 200, R"({"accepted":[null,5,"Jo@Example.com",{},{"value":null},[]]})", omitted},
        {"1.7.6: 404 with a list", 404, R"({"errors":[{"value":"Jo@Example.com","reason":"notFound"}]})",
         "settle failed/ambiguous_404 retryable"},
        {"1.7.7: expired token", 401, R"({"code":"401","message":"Expired token."})",
         "settle failed/vendor_auth retryable"},
        {"1.7.7: scope", 403, R"({"code":"403","message":"x"})", "settle failed/vendor_auth retryable"},
        {"1.7.8: limit", 429, R"({"code":"429","message":"x"})", "later failed/rate_limited retryable"},
        {"1.7.10: refused", 413, "{}", "settle failed/rejected"},
        {"1.7.11: HTML", 200, "<html></html>", unreadable},
        {"1.6: problem details", 422, R"({"type":"about:blank","title":"t","status":422})",
         "settle failed/rejected"},
        {"a problem under a 200", 200, R"({"code":"500","message":"x"})", omitted},
        {"success body under a 500", 500, R"({"accepted":[{"value":"Jo@Example.com"}]})",
         "retry failed/vendor_error retryable acted"},
        {"byte order mark", 200, "\xEF\xBB\xBF{\"accepted\":[{\"value\":\"Jo@Example.com\"}]}", queued},
    };
    for (const auto& r : rows)
        BOOST_TEST_CONTEXT(r.name) {
            BOOST_TEST(decoded(b, r.status, r.body) == r.verdict);
        }
}

BOOST_AUTO_TEST_CASE(order_proves_nothing) {
    BOOST_TEST(
        decoded(
            emails({"a", "b", "c"}), 200,
            R"({"accepted":[{"value":"c"},{"value":"a"}],"errors":[{"value":"b","reason":"notFound"}]})") ==
        both(queued, both(not_found, queued)));
}

BOOST_AUTO_TEST_CASE(one_of_several_left_out_is_asked_alone) {
    BOOST_TEST(decoded(emails({"a", "b"}), 200, R"({"accepted":[{"value":"a"}]})") == both(queued, omitted));
}

BOOST_AUTO_TEST_CASE(nobody_recognised_settles_everybody) {
    BOOST_TEST(decoded(emails({"a", "b"}), 200, R"({"accepted":[{"value":"x"},{"value":"y"}]})") ==
               both(nobody, nobody));
    BOOST_TEST(decoded(emails({"a", "b"}), 200, "{}") == both(nobody, nobody));
}

BOOST_AUTO_TEST_CASE(row_1_7_1_the_configured_type_is_the_one_that_matches) {
    const batch b = batch_of(action::lapse, {who(identifier_kind::mention_me_customer_id, "77")});
    const auto r = response(200, R"({"accepted":[{"type":"customer_id","value":"77"}]})");
    BOOST_TEST(show(decode(b, r, {})) == omitted);
    BOOST_TEST(show(decode(b, r, {"customer_id"})) == queued);
    BOOST_TEST(decoded(b, 200, R"({"accepted":[{"type":"customerId","value":77}]})") == queued);
    // Beyond 2^53 and beyond 2^63, where a reader with doubles would lose digits.
    for (const char* id : {"9007199254740993", "9223372036854775807", "18446744073709551615"})
        BOOST_TEST(decoded(batch_of(action::lapse, {who(identifier_kind::mention_me_customer_id, id)}), 200,
                           R"({"accepted":[{"type":"customerId","value":)" + std::string(id) + "}]}") ==
                   queued);
}

BOOST_AUTO_TEST_CASE(row_1_7_3_equal_texts_of_two_kinds) {
    const batch b = email_and_id("x@y.example", "x@y.example");
    BOOST_TEST(
        decoded(
            b, 200,
            R"({"accepted":[{"type":"email","value":"x@y.example"}],"errors":[{"type":"customerId","value":"x@y.example","reason":"notFound"}]})") ==
        both(queued, not_found));
    BOOST_TEST(decoded(b, 200, R"({"accepted":[{"value":"x@y.example"}]})") == both(ambiguous, ambiguous));
    BOOST_TEST(
        decoded(
            b, 200,
            R"({"accepted":[{"type":"email","value":"x@y.example"}],"errors":[{"value":"x@y.example","reason":"notFound"}]})") ==
        both(ambiguous, ambiguous));
}

BOOST_AUTO_TEST_CASE(row_1_7_4_only_emails_are_matched_whatever_their_case) {
    BOOST_TEST(
        decoded(
            email_and_id("a@b.example", "Abc"), 200,
            R"({"accepted":[{"type":"email","value":"A@B.example"},{"type":"customerId","value":"ABC"}]})") ==
        both(queued, omitted));
    // Beyond ASCII too, by simple case folding; and a type is read in any case.
    BOOST_TEST(decoded(emails({"J\xC3\x96RG@b.example"}), 200,
                       "{\"accepted\":[{\"type\":\"Email\",\"value\":\"j\xC3\xB6rg@b.example\"}]}") ==
               queued);
    BOOST_TEST(decoded(emails({"J\xC3\x96RG@b", "j\xC3\xB6rg@b"}), 200,
                       "{\"accepted\":[{\"value\":\"J\xC3\xB6rg@b\"}]}") == both(nobody, nobody));
    // Two that differ in case only: exact ones find their own, another spelling is nobody's.
    BOOST_TEST(decoded(emails({"A@b", "a@b"}), 200,
                       R"({"accepted":[{"value":"A@b"}],"errors":[{"value":"a@b","reason":"notFound"}]})") ==
               both(queued, not_found));
    BOOST_TEST(decoded(emails({"A@b", "a@b"}), 200, R"({"accepted":[{"value":"A@B"}]})") ==
               both(nobody, nobody));
    BOOST_TEST(decoded(emails({"A@b", "a@b"}), 200,
                       R"({"accepted":[{"value":"a@b"}],"errors":[{"value":"a@b","reason":"notFound"}]})") ==
               both(omitted, contradictory));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_lapse_test
