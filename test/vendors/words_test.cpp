#include "justified.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>

/// No identifier of one customer reaches the outcome of another, who may be of another caller.
namespace vendors_words_test {

using namespace vendors_test;

namespace {

constexpr unsigned statuses[] = {200, 201, 202, 204, 207, 301, 302, 400, 401, 403, 404, 405, 408,
                                 409, 413, 422, 429, 461, 500, 502, 503, 504, 521, 599, 0,   999};

const batch calls[] = {
    emails({"Alice.Secret@example.com", "bob@example.com", "carol@example.com"}),
    capillary_ids(action::revoke_earn, {"423927867", "423927868", "423927869"}),
    capillary_ids(action::revoke_enrol, {"423927867", "423927868"}),
    batch_of(action::revoke_earn,
             {who(identifier_kind::mobile, "4915100001"), who(identifier_kind::mobile, "4915100002")}),
    batch_of(action::revoke_enrol, {who(identifier_kind::email, "alice@example.com"),
                                    who(identifier_kind::email, "bob@example.com")}),
};

/// Answers in every shape that a decoder reads, whose words repeat the first customer's identifier.
std::vector<std::string> shapes(const batch& b) {
    const std::string first = b.places[0].who.value;
    const std::string second = b.places[1].who.value;
    const std::string words = "No customer matches " + lower_case(first) + ".";
    const bool id = b.places[0].who.kind == identifier_kind::capillary_id;
    const auto fault = [&](int code) {
        return R"({"status":false,"message":")" + words + R"(","code":)" + std::to_string(code) + "}";
    };
    const auto entry = [&](const std::string& of, int code) {
        return (id ? R"({"result":{"entityId":)" + of + "}," : std::string("{")) + R"("errors":[)" +
               fault(code) + "]}";
    };
    std::vector<std::string> out = {
        R"({"message":")" + words + R"("})",
        R"({"code":404,"message":")" + words + R"("})",
        R"({"title":")" + words + R"(","status":404})",
        R"({"detail":")" + words + R"("})",
        R"({"error":")" + words + R"("})",
        R"({"code":")" + first + R"(","message":"m"})",
        R"({"accepted":7,"message":")" + words + R"("})",
        R"({"accepted":[],"errors":[],"message":")" + words + R"("})",
        R"({"accepted":[{"value":")" + second + R"("}],"message":")" + words + R"("})",
        R"({"errors":[{"value":")" + second + R"(","reason":")" + words + R"("}]})",
        R"({"errors":[{"value":")" + first + R"(","reason":")" + words + R"("}]})",
        R"({"errors":[{"value":")" + first + R"(","reason":"a"},{"value":")" + first +
            R"(","reason":"b"}],"message":")" + words + R"("})",
    };
    for (const int code : {401, 403, 429, 461, 500, 521, 4000, 8015, 8892, 8896, 8902, 8903, 1060, 7}) {
        out.push_back(R"({"errors":[)" + fault(code) + "]}");
        out.push_back(R"({"errors":[)" + fault(code) + R"(],"response":[]})");
        std::string all;
        for (std::size_t i = 0; i < b.places.size(); ++i)
            all += (i == 0 ? "" : ",") + (R"({"errors":[)" + fault(code)) + "]}";
        out.push_back(R"({"response":[)" + all + "]}");
        out.push_back(R"({"response":[)" + entry(first, code) + "," + entry(second, code) + "]}");
        out.push_back(R"({"response":[)" + entry(second, code) + "]}");
        out.push_back(R"({"response":[{"errors":[)" + fault(8015) + R"(]}, {"errors":[)" + fault(code) +
                      "]}]}");
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(vendor_words)

BOOST_AUTO_TEST_CASE(no_identifier_of_one_customer_is_in_another_s_verdict) {
    for (const batch& b : calls) {
        for (const std::string& body : shapes(b)) {
            for (const unsigned status : statuses) {
                const auto all = decode(b, response(status, body), {});
                for (std::size_t i = 0; i < all.size(); ++i)
                    if (tells_of_another(b, all, i))
                        BOOST_ERROR(status << ' ' << body << " reaches place " << i);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(words_on_a_whole_call_reach_the_only_customer_of_it_and_no_other) {
    const char* body = R"({"code":404,"message":"No customer matches alice@example.com"})";
    const auto alone = decode(emails({"alice@example.com"}), response(404, body), {});
    BOOST_TEST(alone[0].result.vendor.message == "No customer matches alice@example.com");
    for (const verdict& v :
         decode(emails({"alice@example.com", "bob@example.com"}), response(404, body), {})) {
        BOOST_TEST(v.result.vendor.message == "");
        BOOST_TEST(v.result.vendor.code.value() == 404);
    }
    // The programmes of a delink are one customer's.
    for (const verdict& v : decode(programmes({"p", "q"}), response(404, body), {}))
        BOOST_TEST(v.result.vendor.message == "No customer matches alice@example.com");
}

BOOST_AUTO_TEST_CASE(words_that_are_tied_to_a_customer_are_kept_there) {
    const auto lapse = decode(emails({"a@b.example", "c@d.example"}),
                              response(200, R"({"errors":[{"value":"a@b.example","reason":"locked"},
                                               {"value":"c@d.example","reason":"see A@B.example"}]})"),
                              {});
    BOOST_TEST(lapse[0].result.vendor.reason == "locked");
    BOOST_TEST(lapse[1].result.vendor.reason == "");
    const auto earn =
        decode(capillary_ids(action::revoke_earn, {"423927867", "423927868"}), response(200, R"({"response":[
        {"result":{"entityId":423927867},"errors":[{"code":8896,"message":"mine"}]},
        {"result":{"entityId":423927868},"errors":[{"code":8896,"message":"like 423927867"}]}]})"),
               {});
    BOOST_TEST(earn[0].result.vendor.message == "mine");
    BOOST_TEST(earn[1].result.vendor.message == "");
    BOOST_TEST(earn[1].result.vendor.entity_id.value() == 423927868);
}

BOOST_AUTO_TEST_CASE(refused_credentials_are_told_from_a_refused_customer) {
    const batch two = capillary_ids(action::revoke_earn, {"1", "2"});
    const auto refuses = [](const batch& b, unsigned status, const char* body) {
        return refuses_credentials(decode(b, response(status, body), {}));
    };
    for (const unsigned status : {401U, 403U})
        for (const batch& b : calls)
            BOOST_TEST(refuses(b, status, ""));
    BOOST_TEST(refuses(two, 200, R"({"errors":[{"code":4000}]})"));
    BOOST_TEST(refuses(two, 200, R"({"response":[{"errors":[{"code":403}]},{"errors":[{"code":403}]}]})"));
    BOOST_TEST(!refuses(two, 200, R"({"response":[{"result":{"entityId":1},"errors":[{"code":403}]},
                                      {"result":{"entityId":2,"revokedEarnIds":[5]}}]})"));
    BOOST_TEST(!refuses(two, 404, ""));
    BOOST_TEST(!refuses(two, 200, R"({"errors":[{"code":8892}]})"));
    BOOST_TEST(!refuses(two, 429, ""));
    BOOST_TEST(!refuses_credentials({}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_words_test
