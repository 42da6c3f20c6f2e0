#include "fixture.hpp"

#include "sandbox/capillary.hpp"

#include <boost/test/unit_test.hpp>

using namespace sandbox_test;

BOOST_AUTO_TEST_SUITE(sandbox_revoke)

BOOST_AUTO_TEST_CASE(basic_credentials_agree_with_the_published_vector) {
    BOOST_TEST("Basic " + sandbox::capillary::basic_credentials("store.server", "server123") == basic);
}

BOOST_AUTO_TEST_CASE(a_token_goes_raw_in_its_own_header_and_runs_out) {
    bench b;
    const auto out = b.send(make("POST", "/v3/oauth/token/generate", R"({"key":"k","secret":"s"})"));
    const auto data = parsed(out.reply.body).at("data");
    BOOST_TEST(data.at("ttlSeconds").as_int64() == 300);
    const std::string token(data.at("accessToken").as_string());
    auto r = make("POST", "/v2/partnerProgram/deLinkCustomer", "{}");
    r.headers.push_back({"x-cap-api-oauth-token", token});
    BOOST_TEST(b.send(r).reply.status == 400U);
    auto both = r;
    both.headers.push_back({"authorization", basic});
    BOOST_TEST(b.send(both).reply.status == 401U);
    auto bearer = make("POST", "/v2/partnerProgram/deLinkCustomer", "{}");
    bearer.headers.push_back({"authorization", "Bearer " + token});
    BOOST_TEST(b.send(bearer).reply.status == 401U);
    b.now += std::chrono::seconds(300);
    BOOST_TEST(b.send(r).reply.status == 401U);
}

BOOST_AUTO_TEST_CASE(a_wrong_secret_is_200_without_data) {
    bench b;
    const auto out = b.send(make("POST", "/v3/oauth/token/generate", R"({"key":"k","secret":"wrong"})"));
    BOOST_TEST(out.reply.status == 200U);
    BOOST_TEST(parsed(out.reply.body).at("data").is_null());
    const auto oauth = R"({"client_id":"k","client_secret":"s"})";
    BOOST_TEST(b.send(make("POST", "/v3/oauth/token/generate", oauth)).reply.status == 400U);
}

BOOST_AUTO_TEST_CASE(only_the_secrets_that_were_set_are_taken) {
    bench b;
    const auto token_with = [&](const std::string& secret) {
        const auto out =
            b.send(make("POST", "/v3/oauth/token/generate", R"({"key":"k","secret":")" + secret + "\"}"));
        return !parsed(out.reply.body).at("data").is_null();
    };
    b.control("POST", "/sandbox/settings",
              R"({"secrets":{"capillary":["a","b"],"basic":["p","server123"]}})");
    BOOST_TEST((token_with("a") && token_with("b") && !token_with("c")));
    BOOST_TEST(b.revoke("REVOKE_EARN", "202779", who("1000")).reply.status == 200U);
    b.control("POST", "/sandbox/settings", R"({"secrets":{"capillary":["b"],"basic":["p"]}})");
    BOOST_TEST((!token_with("a") && token_with("b")));
    BOOST_TEST(b.revoke("REVOKE_EARN", "202779", who("1000")).reply.status == 401U);
    b.control("POST", "/sandbox/settings", R"({"secrets":{"capillary":[],"basic":[]}})");
    BOOST_TEST((token_with("a") && !token_with("wrong")));
    BOOST_TEST(b.revoke("REVOKE_EARN", "202779", who("1000")).reply.status == 200U);
}

BOOST_AUTO_TEST_CASE(another_basic_user_can_be_set) {
    bench b;
    b.control("POST", "/sandbox/settings", R"({"basic":{"username":"till","password":"p"}})");
    BOOST_TEST(b.revoke("REVOKE_EARN", "202779", who("1000")).reply.status == 401U);
}

BOOST_AUTO_TEST_CASE(earns_then_enrolment_and_each_only_once) {
    bench b;
    BOOST_TEST(code_of(b.revoke("REVOKE_ENROL", "202779", who("423927867"))) == 8896);
    const auto earns = b.revoke("REVOKE_EARN", "202779", who("423927867"));
    const auto result = parsed(earns.reply.body).at("response").as_array().at(0).at("result");
    BOOST_TEST(result.at("entityId").as_int64() == 423927867);
    BOOST_TEST(result.at("promotionId").as_int64() == 202779);
    BOOST_TEST(result.at("programId").as_int64() == 2714);
    BOOST_TEST(result.at("revokedEarnIds").as_array().size() == 2U);
    BOOST_TEST(code_of(b.revoke("REVOKE_EARN", "202779", who("423927867"))) == 8903);
    const auto enrolment = b.revoke("REVOKE_ENROL", "202779", who("423927867"));
    const auto gone = parsed(enrolment.reply.body).at("response").as_array().at(0).at("result");
    BOOST_TEST(gone.at("revokedIssualId").is_int64());
    BOOST_TEST(code_of(b.revoke("REVOKE_ENROL", "202779", who("423927867"))) == 2305);
    BOOST_TEST(b.state().at("revoked_earns").as_array().size() == 2U);
    BOOST_TEST(b.state().at("revoked_enrolments").as_array().at(0).at("times").to_number<int>() == 1);
}

BOOST_AUTO_TEST_CASE(chosen_earns_leave_the_others) {
    bench b;
    const auto set = b.control(
        "POST", "/sandbox/earns",
        R"({"identifier_name":"id","identifier_value":"77","promotion_id":"5","earn_ids":[960,963]})");
    BOOST_TEST(set.reply.status == 200U);
    const auto one = R"({"identifierValue":"77","source":"instore","earnIds":[960]})";
    const auto mixed = R"({"identifierValue":"77","source":"instore","earnIds":[960,963]})";
    BOOST_TEST(code_of(b.revoke("REVOKE_EARN", "5", one)) == 0);
    BOOST_TEST(code_of(b.revoke("REVOKE_EARN", "5", one)) == 8903);
    BOOST_TEST(code_of(b.revoke("REVOKE_EARN", "5", mixed)) == 8903);
    const auto left =
        b.control("GET", "/sandbox/earns?identifier_name=id&identifier_value=77&promotion_id=5");
    BOOST_TEST(json::serialize(parsed(left.reply.body).at("earn_ids")) == "[963]");
    b.control("POST", "/sandbox/settings", R"({"partial_earn_ids":true})");
    const auto part = b.revoke("REVOKE_EARN", "5", mixed);
    BOOST_TEST(
        json::serialize(
            parsed(part.reply.body).at("response").as_array().at(0).at("result").at("revokedEarnIds")) ==
        "[963]");
}

BOOST_AUTO_TEST_CASE(an_empty_earn_list_is_refused) {
    bench b;
    BOOST_TEST(b.revoke("REVOKE_EARN", "5", R"({"identifierValue":"77","source":"ALL","earnIds":[]})")
                   .reply.status == 400U);
}

BOOST_AUTO_TEST_CASE(failed_entries_carry_no_identifier_and_are_counted) {
    bench b;
    const auto out = b.revoke("REVOKE_EARN", "202779", who("199404") + ',' + who("50") + ',' + who("199500"));
    const auto body = parsed(out.reply.body);
    BOOST_TEST(body.at("totalCount").as_int64() == 3);
    BOOST_TEST(body.at("failureCount").as_int64() == 2);
    BOOST_TEST(code_of(out, 0) == 8015);
    BOOST_TEST(code_of(out, 1) == 0);
    BOOST_TEST(code_of(out, 2) == 8896);
    BOOST_TEST(!body.at("response").as_array().at(0).as_object().contains("result"));
}

BOOST_AUTO_TEST_CASE(request_codes_come_as_one_entry) {
    const std::string customers =
        R"(,"identifierName":"id","customers":[{"identifierValue":"5","source":"ALL"}]})";
    const std::string details = R"("promotionDetails":{"programId":2714,"promotionId":9})";
    const std::string head = R"({"type":"CUSTOMER","bulkAction":"REVOKE_EARN",)";
    const auto with = [&](const char* d) { return head + R"("promotionDetails":)" + d + customers; };
    const std::pair<std::string, std::int64_t> table[] = {
        {with(R"({"programId":1,"promotionId":9})"), 1101},
        {with(R"({"promotionId":9})"), 8881},
        {with(R"({"programId":2714})"), 8881},
        {with(R"({"programId":"2714","promotionId":9})"), 8881},
        {with(R"({"programId":2714,"promotionId":9,"promoIdentifier":"x"})"), 8881},
        {with(R"({"programId":2714,"promotionId":1})"), 8874},
        {with(R"({"programId":2714,"promotionId":"abc"})"), 8874},
        {with(R"({"programId":2714,"promoIdentifier":"invalid-1"})"), 8874},
        {with(R"({"programId":2714,"promotionId":"2"})"), 8892},
        {with(R"({"programId":2714,"promoIdentifier":"inactive-1"})"), 8892},
        {with(R"({"programId":2714,"promotionId":"4"})"), 8903},
        {with(R"({"programId":2714,"promoIdentifier":"95c77d88"})"), 0},
        {R"({"type":"customer","bulkAction":"REVOKE_EARN",)" + details + customers, 8901},
        {R"({"bulkAction":"REVOKE_EARN",)" + details + customers, 8901},
        {R"({"type":"USERGROUP2","bulkAction":"REVOKE_EARN",)" + details + customers, 8899},
        {R"({"type":"CUSTOMER","bulkAction":"REVOKE",)" + details + customers, 8902},
        {head + details +
             R"(,"identifierName":"externalId","customers":[{"identifierValue":"5","source":"ALL"}]})",
         11013},
        {head + details + R"(,"customers":[{"identifierValue":"5","source":"ALL"}]})", 11013},
        {head + details + R"(,"identifierName":"id","customers":[{"identifierValue":"5"}]})", 11013},
        {head + details + R"(,"identifierName":"id","customers":[{"identifierValue":"5","source":"SHOP"}]})",
         11013},
        {head + details + R"(,"identifierName":"id","customers":[{"identifierValue":"","source":"ALL"}]})",
         11013}};
    for (const auto& [body, code] : table) {
        bench b;
        BOOST_TEST_CONTEXT(body) {
            const auto out = b.capillary("/v2/promotion/bulk/revokeEnrolAndEarn", body);
            BOOST_TEST(out.reply.status == 200U);
            BOOST_TEST(code_of(out) == code);
            BOOST_TEST(parsed(out.reply.body).at("totalCount").as_int64() == 1);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_direct_promotion_has_no_enrolment_to_revoke) {
    bench b;
    BOOST_TEST(code_of(b.revoke("REVOKE_ENROL", "3", who("5"))) == 8902);
    BOOST_TEST(code_of(b.revoke("REVOKE_EARN", "3", who("5"))) == 0);
    BOOST_TEST(code_of(b.revoke("REVOKE_ENROL", "4", who("5"))) == 2305);
}

BOOST_AUTO_TEST_CASE(more_than_a_hundred_customers_are_400_with_1060) {
    bench b;
    std::string many = who("5");
    for (int i = 0; i < 99; ++i)
        many += ',' + who(std::to_string(1000 + i));
    BOOST_TEST(b.revoke("REVOKE_EARN", "9", many).reply.status == 200U);
    const auto out = b.revoke("REVOKE_EARN", "9", many + ',' + who("6"));
    BOOST_TEST(out.reply.status == 400U);
    BOOST_TEST(parsed(out.reply.body).at("errors").as_array().at(0).at("code").as_int64() == 1060);
}

BOOST_AUTO_TEST_CASE(mobiles_and_emails_have_stable_numbers_beyond_32_bits) {
    bench b;
    const auto out = b.revoke("REVOKE_EARN", "9", who("919800000000"), "mobile");
    const auto entity =
        parsed(out.reply.body).at("response").as_array().at(0).at("result").at("entityId").as_int64();
    BOOST_TEST(entity == sandbox::world::entity_of("mobile", "919800000000"));
    BOOST_TEST(entity > 0xFFFFFFFFLL);
    BOOST_TEST(sandbox::world::entity_of("email", "JO@x.y") == sandbox::world::entity_of("email", "jo@x.y"));
}

BOOST_AUTO_TEST_CASE(misspelt_members_and_foreign_media_types_are_refused) {
    bench b;
    BOOST_TEST(b.revoke("REVOKE_EARN", "9", R"({"identifierValue":"5","source":"ALL","earn_ids":[1]})")
                   .reply.status == 400U);
    auto r = make("POST", "/v2/promotion/bulk/revokeEnrolAndEarn", "a=b", "text/plain");
    r.headers.push_back({"authorization", basic});
    BOOST_TEST(b.send(r).reply.status == 415U);
    r.method = "GET";
    BOOST_TEST(b.send(r).reply.status == 405U);
}

BOOST_AUTO_TEST_CASE(poison_and_down_refuse_the_whole_call) {
    bench b;
    BOOST_TEST(b.revoke("REVOKE_EARN", "9", who("5") + ',' + who("199400")).reply.status == 400U);
    BOOST_TEST(b.revoke("REVOKE_EARN", "9", who("5") + ',' + who("199503")).reply.status == 503U);
    BOOST_TEST(b.state().at("revoked_earns").as_array().empty());
}

BOOST_AUTO_TEST_CASE(the_status_of_a_partial_failure_can_be_set) {
    bench b;
    b.control("POST", "/sandbox/settings", R"({"revoke_failure_status":201})");
    BOOST_TEST(b.revoke("REVOKE_EARN", "9", who("5")).reply.status == 200U);
    BOOST_TEST(b.revoke("REVOKE_EARN", "9", who("5")).reply.status == 201U);
    BOOST_TEST(b.revoke("REVOKE_EARN", "2", who("5")).reply.status == 201U);
}

BOOST_AUTO_TEST_SUITE_END()
