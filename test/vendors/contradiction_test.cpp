#include "offboard/vendors/auth.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>

/// An answer that names a member twice, or says yes and no, proves nothing.
namespace vendors_contradiction_test {

using namespace vendors_test;

namespace {

struct subject {
    const char* name;
    batch call;
    std::string good; ///< proves an outcome that counts as OK
};

const subject subjects[] = {
    {"lapse", emails({"a@b.example"}),
     R"({"accepted":[{"type":"email","value":"a@b.example"}],"errors":[]})"},
    {"lapse, absent", emails({"a@b.example"}),
     R"({"accepted":[],"errors":[{"value":"a@b.example","reason":"notFound"}]})"},
    {"revoke_earn", capillary_ids(action::revoke_earn, {"1"}),
     R"({"response":[{"result":{"entityId":1,"revokedEarnIds":[5]},"errors":[],"warnings":[]}],"failureCount":0})"},
    {"revoke_earn, absent", capillary_ids(action::revoke_earn, {"1"}),
     R"({"response":[{"errors":[{"status":false,"message":"m","code":8015}],"warnings":[]}]})"},
    {"revoke_enrol, absent of the whole call", capillary_ids(action::revoke_enrol, {"1"}),
     R"({"errors":[{"status":false,"message":"m","code":8015}],"warnings":[]})"},
    {"revoke_enrol", capillary_ids(action::revoke_enrol, {"1"}),
     R"({"response":[{"result":{"entityId":1,"revokedIssualId":7},"errors":[]}]})"},
    {"delink", programmes({"p"}),
     R"({"customersPartnerUpdates":[{"customer":{"id":1,"status":{"status":true,"message":"m","code":1000}},)"
     R"("partnerProgramUpdates":[{"partnerProgramName":"p","updateStatus":{"status":true,"message":"m","code":200}}]}]})"},
    {"forget", batch_of(action::forget, {who(identifier_kind::billing_customer_id, "191")}),
     R"({"result":true,"id":{"a":[{"b":1}]}})"},
};

bool counts(const batch& b, const std::string& body) {
    const auto status = decode(b, response(200, body), {})[0].result.status;
    return status == step_status::accepted || status == step_status::succeeded ||
           status == step_status::absent || status == step_status::skipped;
}

/// The text with the name that ends at `end` (its `":`) put in front of itself once more.
std::string doubled(const std::string& text, std::size_t end, bool escaped, const char* value) {
    const std::size_t begin = text.rfind('"', end - 1);
    std::string name = text.substr(begin + 1, end - begin - 1);
    if (escaped) {
        constexpr char hex[] = "0123456789abcdef";
        const auto letter = static_cast<unsigned char>(name.front());
        name = std::string("\\u00") + hex[letter >> 4U] + hex[letter & 15U] + name.substr(1);
    }
    return text.substr(0, begin) + '"' + name + "\":" + value + ',' + text.substr(begin);
}

} // namespace

BOOST_AUTO_TEST_SUITE(vendor_contradictions)

BOOST_AUTO_TEST_CASE(a_member_named_twice_at_any_depth_proves_nothing) {
    for (const subject& s : subjects) {
        BOOST_TEST_CONTEXT(s.name) {
            BOOST_TEST(counts(s.call, s.good));
            for (std::size_t end = s.good.find("\":"); end != s.good.npos;
                 end = s.good.find("\":", end + 1)) {
                for (const bool escaped : {false, true}) {
                    for (const char* value : {"true", "false", "null", "[]", "{}", "8015"}) {
                        const std::string body = doubled(s.good, end, escaped, value);
                        BOOST_TEST_CONTEXT(body) {
                            BOOST_TEST(decoded(s.call, 200, body) ==
                                       "settle unknown/contradictory_answer retryable acted");
                            BOOST_TEST(!counts(s.call, "\xEF\xBB\xBF" + body));
                        }
                    }
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(of_such_an_answer_the_status_alone_is_believed) {
    const batch b = capillary_ids(action::revoke_earn, {"1"});
    const char* twice = R"({"errors":[{"code":8015}],"errors":[{"code":8015}]})";
    BOOST_TEST(decoded(b, 400, twice) == "settle failed/rejected");
    BOOST_TEST(decoded(b, 503, twice) == "retry failed/vendor_error retryable acted");
    BOOST_TEST(decoded(b, 429, twice) == "later failed/rate_limited retryable");
}

BOOST_AUTO_TEST_CASE(the_same_name_in_two_objects_is_no_double) {
    BOOST_TEST(decoded(emails({"a", "b"}), 200, R"({"accepted":[{"value":"a"},{"value":"b"}]})") ==
               "settle accepted/queued | settle accepted/queued");
}

BOOST_AUTO_TEST_CASE(yes_and_no) {
    const batch lapse = emails({"a"});
    const batch earn = capillary_ids(action::revoke_earn, {"1"});
    const batch enrol = capillary_ids(action::revoke_enrol, {"1"});
    const batch delink = programmes({"p"});
    const batch forget = batch_of(action::forget, {who(identifier_kind::billing_customer_id, "191")});
    const std::string linked = R"("customer":{"id":1,"status":{"status":true,"code":1000}})";
    struct {
        const batch& call;
        std::string body;
    } const cases[] = {
        {forget, R"({"result":true,"error":"no"})"},
        {forget, R"({"result":true,"errors":["no"]})"},
        {forget, R"({"result":true,"errors":{"code":5}})"},
        {forget, R"({"result":true,"success":false})"},
        {forget, R"({"result":true,"status":false})"},
        {forget, R"({"result":true,"status":500,"title":"no"})"},
        {lapse, R"({"accepted":[{"value":"a"}],"errors":[{"value":"a","reason":"notFound"}]})"},
        {lapse, R"({"accepted":[{"value":"a","reason":"notFound"}]})"},
        {lapse, R"({"accepted":[{"value":"a","error":"no"}]})"},
        {lapse, R"({"accepted":[{"value":"a"}],"error":"no"})"},
        {lapse, R"({"accepted":[{"value":"a"}],"success":false})"},
        {lapse, R"({"accepted":[{"value":"a"}],"status":500})"},
        {lapse, R"({"accepted":[{"value":"a"}],"errors":["no"]})"},
        {lapse, R"({"accepted":[{"value":"a"}],"errors":[{"reason":"notFound"}]})"},
        {lapse, R"({"errors":[{"value":"a","reason":"notFound"},{"value":"a","reason":"locked"}]})"},
        {lapse, R"({"errors":[{"value":"a","reason":"notFound"}],"error":"no"})"},
        {earn, R"({"response":[{"result":{"entityId":1,"revokedEarnIds":[5]},"errors":[{"code":8903}]}]})"},
        {earn, R"({"response":[{"result":{"entityId":1,"revokedEarnIds":[5]}}],"errors":[{"code":8903}]})"},
        {earn, R"({"response":[{"result":{"entityId":1,"revokedEarnIds":[5]}}],"error":"no"})"},
        {earn, R"({"response":[{"result":{"entityId":1,"revokedEarnIds":[5]},"error":"no"}]})"},
        {earn, R"({"response":[{"result":{"entityId":1,"revokedEarnIds":[5],"errors":["no"]}}]})"},
        {earn, R"({"response":[{"result":{"entityId":1,"revokedEarnIds":[5]}}],"success":false})"},
        {earn, R"({"response":[{"result":{"entityId":1,"revokedEarnIds":[5]},"status":false}]})"},
        {earn, R"({"response":[{"errors":[{"code":8015},{"code":8903}]}]})"},
        {earn, R"({"response":[{"errors":[{"status":true,"code":8015}]}]})"},
        {earn, R"({"response":[{"result":{"entityId":1},"errors":[{"code":8015}]}]})"},
        {earn, R"({"errors":[{"code":8015}],"success":true})"},
        {earn, R"({"response":[{"result":{"entityId":1,"revokedEarnIds":[5]}},{"errors":[{"code":8015}]}]})"},
        {enrol, R"({"response":[{"result":{"entityId":1,"issualId":7,"revokedIssualId":8}}]})"},
        {delink, R"({"errors":[{"code":1011}],"success":true})"},
        {delink,
         R"({"customersPartnerUpdates":[{)" + linked +
             R"(,"partnerProgramUpdates":[{"partnerProgramName":"p","updateStatus":{"status":true,"code":200},"errors":[{"code":2005}]}]}]})"},
        {delink,
         R"({"customersPartnerUpdates":[{)" + linked +
             R"(,"partnerProgramUpdates":[{"partnerProgramName":"p","updateStatus":{"status":true,"code":200}}]}],"error":"no"})"},
        {delink,
         R"({"customersPartnerUpdates":[{)" + linked +
             R"(,"partnerProgramUpdates":[{"partnerProgramName":"p","updateStatus":{"status":true,"code":200}},{"partnerProgramName":"p","updateStatus":{"status":false,"code":2005}}]}]})"},
    };
    for (const auto& c : cases)
        BOOST_TEST_CONTEXT(c.body) {
            BOOST_TEST(!counts(c.call, c.body));
        }
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_a_no_is_none) {
    const batch lapse = emails({"a", "b"});
    BOOST_TEST(decoded(lapse, 200, R"({"accepted":[{"value":"a"}],"errors":[{"reason":"notFound"}]})") ==
               "settle accepted/queued | isolate unknown/vendor_omitted retryable acted");
    BOOST_TEST(
        decoded(lapse, 200,
                R"({"accepted":[{"value":"a","error":null},{"value":"b"}],"error":null,"status":202})") ==
        "settle accepted/queued | settle accepted/queued");
    BOOST_TEST(decoded(capillary_ids(action::revoke_earn, {"1"}), 400,
                       R"({"errors":[{"code":8015}],"status":400})") == "settle absent/not_found");
}

BOOST_AUTO_TEST_CASE(a_token_in_such_an_answer_is_none) {
    const credentials mention_me = client_credentials{"id", secret("s")};
    const credentials oauth = capillary_oauth{"key", secret("s")};
    const auto has_token = [](const credentials& c, const char* body) {
        return read_token(c, {200, {}, body}).has_value();
    };
    BOOST_TEST(has_token(mention_me, R"({"access_token":"t","expires_in":3600})"));
    BOOST_TEST(!has_token(mention_me, R"({"access_token":"a","access_token":"t","expires_in":3600})"));
    BOOST_TEST(!has_token(mention_me, R"({"\u0061ccess_token":"a","access_token":"t"})"));
    BOOST_TEST(!has_token(mention_me, R"({"access_token":"t","error":"invalid_client"})"));
    BOOST_TEST(!has_token(oauth, R"({"data":{"accessToken":"t","accessToken":"u"}})"));
    BOOST_TEST(!has_token(oauth, R"({"data":{"accessToken":"t"},"errors":[{"code":4000}]})"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_contradiction_test
