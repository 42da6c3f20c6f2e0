#include "support.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_status_test {

using namespace vendors_test;

namespace {

struct named {
    const char* name;
    batch alone;
};

const named calls[] = {
    {"lapse", emails({"a@b.example"})},
    {"revoke_earn", capillary_ids(action::revoke_earn, {"1"})},
    {"revoke_earn of some", batch_of(action::revoke_earn, {who(identifier_kind::capillary_id, "1", {5})})},
    {"revoke_enrol", capillary_ids(action::revoke_enrol, {"1"})},
    {"delink", programmes({"p"})},
    {"forget", batch_of(action::forget, {who(identifier_kind::billing_customer_id, "191")})},
};

bool repeated_once(const batch& b) {
    return rule_of(b.what).resend == resend::once;
}

} // namespace

BOOST_AUTO_TEST_SUITE(vendor_status)

BOOST_AUTO_TEST_CASE(the_http_status_decides_when_the_body_does_not) {
    struct {
        unsigned status;
        const char* alone;
        const char* in_company;
    } const rows[] = {
        {301, "settle failed/redirected retryable", "settle failed/redirected retryable"},
        {302, "settle failed/redirected retryable", "settle failed/redirected retryable"},
        {400, "settle failed/rejected", "isolate failed/rejected"},
        {401, "settle failed/vendor_auth retryable", "settle failed/vendor_auth retryable"},
        {403, "settle failed/vendor_auth retryable", "settle failed/vendor_auth retryable"},
        {404, "settle failed/ambiguous_404 retryable", "settle failed/ambiguous_404 retryable"},
        {405, "settle failed/rejected", "settle failed/rejected"},
        {409, "settle failed/rejected", "settle failed/rejected"},
        {413, "settle failed/rejected", "isolate failed/rejected"},
        {415, "settle failed/rejected", "settle failed/rejected"},
        {422, "settle failed/rejected", "isolate failed/rejected"},
        {429, "later failed/rate_limited retryable", "later failed/rate_limited retryable"},
        {461, "later failed/rate_limited retryable", "later failed/rate_limited retryable"},
        {0, "settle unknown/unreadable_answer retryable acted",
         "settle unknown/unreadable_answer retryable acted"},
    };
    for (const char* body :
         {"", "{}", "<html><body>maintenance</body></html>", "{\"trunc", "null", "[]", "\xFF\xFE"}) {
        for (const auto& [name, alone] : calls) {
            for (const auto& row : rows) {
                BOOST_TEST_CONTEXT(name << ' ' << row.status << ' ' << body) {
                    BOOST_TEST(decoded(alone, row.status, body) == row.alone);
                    if (alone.what == action::forget) continue;
                    batch two = alone;
                    two.places.push_back(two.places.front());
                    two.places.back().who.value += "2";
                    two.places.back().partner_program += "2";
                    const std::string both = std::string(row.in_company) + " | " + row.in_company;
                    BOOST_TEST(decoded(two, row.status, body) == both);
                }
            }
            for (const unsigned status : {408U, 500U, 502U, 503U, 504U, 599U})
                BOOST_TEST(decoded(alone, status, body) ==
                           (repeated_once(alone) ? "retry unknown/outcome_unknown retryable acted"
                                                 : "retry failed/vendor_error retryable acted"));
        }
    }
}

BOOST_AUTO_TEST_CASE(rows_1_7_11_and_2_7_success_without_a_body_that_shows_it) {
    for (const char* body :
         {"", "<html></html>", "{\"trunc", "null", "[]", "5", "\"x\"", "\xFF\xFE", "PHP Notice: x {}"}) {
        for (const auto& [name, alone] : calls) {
            BOOST_TEST_CONTEXT(name << ' ' << body) {
                BOOST_TEST(decoded(alone, 200, body) ==
                           (alone.what == action::forget
                                ? "settle unknown/unexpected_body retryable acted"
                                : "settle unknown/unreadable_answer retryable acted"));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(row_1_7_11_a_wrong_content_type_is_read_all_the_same) {
    incoming_response r = response(200, R"({"accepted":[{"type":"email","value":"a@b.example"}]})");
    r.headers = {{"content-type", "text/html"}};
    BOOST_TEST(show(decode(emails({"a@b.example"}), r, {})) == "settle accepted/queued");
}

BOOST_AUTO_TEST_CASE(a_vendor_s_words_are_kept_and_bounded) {
    const batch b = emails({"a@b.example"});
    const auto words = [&](const std::string& body) {
        return decode(b, response(401, body), {})[0].result.vendor;
    };
    BOOST_TEST(words(R"({"code":"401","message":"Expired token."})").code.value() == 401);
    BOOST_TEST(words(R"({"code":"401","message":"Expired token."})").message == "Expired token.");
    BOOST_TEST(words(R"({"type":"about:blank","title":"t","status":401,"detail":"d"})").message == "d");
    BOOST_TEST(words(R"({"message":"a\u0000\r\nb"})").message == "a   b");
    std::string eacute;
    for (int i = 0; i < 300; ++i)
        eacute += "\xC3\xA9";
    BOOST_TEST(words("{\"message\":\"" + eacute + "\"}").message == eacute.substr(0, 512));
}

BOOST_AUTO_TEST_CASE(no_depth_and_no_double_member_breaks_a_decoder) {
    const std::string deep = "{\"accepted\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}";
    for (const auto& [name, alone] : calls) {
        BOOST_TEST(decode(alone, response(200, deep), {}).size() == 1);
        BOOST_TEST(
            decode(alone, response(200, R"({"accepted":[],"accepted":[],"response":[],"response":5})"), {})
                .size() == 1);
    }
    BOOST_TEST(decode(batch_of(action::lapse, {}), response(200, "{}"), {}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_status_test
