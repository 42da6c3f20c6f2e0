#include "fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace sandbox_test;

BOOST_AUTO_TEST_SUITE(sandbox_mention_me)

BOOST_AUTO_TEST_CASE(the_token_call_wants_json_and_the_three_members) {
    struct row {
        const char* type;
        const char* body;
        unsigned status;
    };
    const row table[] = {
        {"application/json", R"({"client_id":"i","client_secret":"s","grant_type":"client_credentials"})",
         200},
        {"application/json; charset=utf-8",
         R"({"client_id":"i","client_secret":"s","grant_type":"client_credentials"})", 200},
        {"application/x-www-form-urlencoded", "client_id=i&client_secret=s&grant_type=client_credentials",
         415},
        {"application/json", R"({"client_id":"i","client_secret":"s"})", 400},
        {"application/json", R"({"client_id":"i","client_secret":"s","grant_type":"password"})", 400},
        {"application/json",
         R"({"client_id":"i","client_secret":"s","grant_type":"client_credentials","x":1})", 400},
        {"application/json", R"({"client_id":"i","client_secret":"wrong","grant_type":"client_credentials"})",
         401},
        {"application/json", "nonsense", 400}};
    for (const auto& t : table) {
        bench b;
        BOOST_TEST_CONTEXT(t.type << ' ' << t.body)
        BOOST_TEST(b.send(make("POST", "/api/oauth/token", t.body, t.type)).reply.status == t.status);
    }
}

BOOST_AUTO_TEST_CASE(each_token_is_another_and_tells_its_lifetime) {
    bench b;
    BOOST_TEST(b.mention_me_token() != b.mention_me_token());
    const auto out =
        b.send(make("POST", "/api/oauth/token",
                    R"({"client_id":"i","client_secret":"s","grant_type":"client_credentials"})"));
    const auto body = parsed(out.reply.body);
    BOOST_TEST(body.at("expires_in").as_int64() == 3600);
    BOOST_TEST(body.at("token_type").as_string() == "bearer");
}

BOOST_AUTO_TEST_CASE(an_expired_or_foreign_token_is_401_with_a_text_code) {
    bench b;
    BOOST_TEST(b.lapse("jo@example.com").reply.status == 200U);
    b.now += std::chrono::seconds(3599);
    BOOST_TEST(b.lapse("jo@example.com").reply.status == 200U);
    b.now += std::chrono::seconds(1);
    const auto late = b.lapse("jo@example.com");
    BOOST_TEST(late.reply.status == 401U);
    BOOST_TEST(late.reply.body == R"({"code":"401","message":"Expired token."})");
    const auto bare = b.send(make("POST", "/api/merchant/v2/customers/lapse", R"({"identifiers":[]})"));
    BOOST_TEST(bare.reply.status == 401U);
}

BOOST_AUTO_TEST_CASE(tokens_can_be_dropped_by_the_control_route) {
    bench b;
    b.lapse("jo@example.com");
    b.control("DELETE", "/sandbox/tokens");
    BOOST_TEST(b.lapse("jo@example.com").reply.status == 401U);
}

BOOST_AUTO_TEST_CASE(known_customers_are_accepted_and_others_listed_as_not_found) {
    bench b;
    const auto out = b.lapse("Jo@example.com absent1@example.com fail@example.com");
    const auto body = parsed(out.reply.body);
    BOOST_TEST(json::serialize(body.at("accepted")) == R"([{"type":"email","value":"Jo@example.com"}])");
    BOOST_TEST(json::serialize(body.at("errors")) ==
               R"([{"type":"email","value":"absent1@example.com","reason":"notFound"},)"
               R"({"type":"email","value":"fail@example.com","reason":"invalid"}])");
    BOOST_TEST(json::serialize(b.state().at("lapsed")) == R"({"email:jo@example.com":1})");
}

BOOST_AUTO_TEST_CASE(poison_and_down_refuse_the_whole_call_and_nothing_happens) {
    bench b;
    BOOST_TEST(b.lapse("jo@example.com poison@example.com").reply.status == 400U);
    BOOST_TEST(b.lapse("jo@example.com down@example.com").reply.status == 503U);
    BOOST_TEST(b.state().at("lapsed").as_object().empty());
}

BOOST_AUTO_TEST_CASE(one_to_a_hundred_identifiers) {
    bench b;
    std::string many;
    for (int i = 0; i < 100; ++i)
        many += "c" + std::to_string(i) + "@example.com ";
    BOOST_TEST(b.lapse(many).reply.status == 200U);
    BOOST_TEST(b.lapse(many + "more@example.com").reply.status == 400U);
    BOOST_TEST(b.lapse("").reply.status == 400U);
}

BOOST_AUTO_TEST_CASE(the_body_is_held_to_its_schema) {
    bench b;
    const auto token = b.mention_me_token();
    const std::pair<const char*, unsigned> table[] = {
        {R"({"identifiers":[{"type":"customerId","value":"C1"}]})", 200},
        {R"({"identifiers":[{"type":"customer_id","value":"C1"}]})", 400},
        {R"({"identifiers":[{"type":"email","value":""}]})", 400},
        {R"({"identifiers":[{"type":"email","value":7}]})", 400},
        {R"({"identifiers":[{"type":"email","value":"a@b.c","x":1}]})", 400},
        {R"({"identifiers":[{"type":"email","value":"a@b.c"}],"x":1})", 400},
        {R"({"identifier":[{"type":"email","value":"a@b.c"}]})", 400},
        {"[]", 400}};
    for (const auto& [body, status] : table) {
        auto r = make("POST", "/api/merchant/v2/customers/lapse", body);
        r.headers.push_back({"authorization", "Bearer " + token});
        BOOST_TEST_CONTEXT(body) BOOST_TEST(b.send(r).reply.status == status);
    }
    auto form = make("POST", "/api/merchant/v2/customers/lapse", "a=b", "application/x-www-form-urlencoded");
    form.headers.push_back({"authorization", "Bearer " + token});
    BOOST_TEST(b.send(form).reply.status == 415U);
    BOOST_TEST(b.send(make("GET", "/api/merchant/v2/customers/lapse", "")).reply.status == 405U);
}

BOOST_AUTO_TEST_CASE(the_rate_window_is_shared_fixed_and_told_on_every_answer) {
    bench b;
    BOOST_TEST(
        b.control("POST", "/sandbox/settings", R"({"rate_limit":{"calls":2,"per_ms":10000}})").reply.status ==
        200U);
    b.now = std::chrono::milliseconds(4'500);
    const auto first = b.lapse("jo@example.com");
    const auto header = [](const sandbox::outcome& out, const char* name) {
        for (const auto& h : out.reply.headers)
            if (h.name == name) return h.value;
        return std::string("none");
    };
    BOOST_TEST(header(first, "X-RateLimit-Limit") == "2");
    BOOST_TEST(header(first, "X-RateLimit-Remaining") == "1");
    BOOST_TEST(header(first, "X-RateLimit-Reset") == "6");
    BOOST_TEST(b.lapse("jo@example.com", "/api/merchant/v2/customers").reply.status == 200U);
    const auto over = b.lapse("later@example.com");
    BOOST_TEST(over.reply.status == 429U);
    BOOST_TEST(header(over, "X-RateLimit-Remaining") == "0");
    BOOST_TEST(!b.state().at("lapsed").as_object().contains("email:later@example.com"));
    b.now = std::chrono::milliseconds(10'000);
    BOOST_TEST(b.lapse("later@example.com").reply.status == 200U);
    b.lapse("jo@example.com");
    BOOST_TEST(b.lapse("jo@example.com").reply.status == 429U);
    b.control("POST", "/sandbox/settings", R"({"rate_limit":{"calls":2,"per_ms":10000}})");
    BOOST_TEST(b.lapse("jo@example.com").reply.status == 200U);
}

BOOST_AUTO_TEST_CASE(reading_back_is_404_when_nobody_is_known) {
    bench b;
    const auto out = b.lapse("jo@example.com absent@example.com", "/api/merchant/v2/customers");
    BOOST_TEST(parsed(out.reply.body).at("data").as_array().size() == 1U);
    BOOST_TEST(parsed(out.reply.body).at("errors").as_array().size() == 1U);
    BOOST_TEST(b.lapse("absent@example.com", "/api/merchant/v2/customers").reply.status == 404U);
}

BOOST_AUTO_TEST_CASE(a_lapse_of_strangers_only_can_be_set_to_404) {
    bench b;
    BOOST_TEST(b.lapse("absent@example.com").reply.status == 200U);
    b.control("POST", "/sandbox/settings", R"({"lapse_all_unknown_404":true})");
    BOOST_TEST(b.lapse("absent@example.com").reply.status == 404U);
}

BOOST_AUTO_TEST_SUITE_END()
