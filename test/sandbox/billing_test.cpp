#include "fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace sandbox_test;

BOOST_AUTO_TEST_SUITE(sandbox_billing)

BOOST_AUTO_TEST_CASE(the_form_decides) {
    const std::pair<const char*, unsigned> table[] = {
        {"customer_id=191", 200},
        {"subscription_id=7", 200},
        {"orderid=A-77", 200},
        {"customer_id=191&keep=country%2Cmember_note,email", 200},
        {"keep=country", 400},
        {"", 400},
        {"customer_id=", 400},
        {"customer_id=1&orderid=2", 400},
        {"customer_id=1&customer_id=1", 400},
        {"customer_id=1&keep=", 404},
        {"customer_id=1&keep=Country", 404},
        {"customer_id=1&keep=country, city", 404},
        {"customer_id=1&kepp=country", 404},
        {"customer_id=%zz", 400},
        {"customer_id=99404", 404},
        {"orderid=absent-1", 404},
        {"customer_id=99400", 400},
        {"customer_id=99503", 503}};
    for (const auto& [form, status] : table) {
        bench b;
        BOOST_TEST_CONTEXT(form) {
            const auto out = b.forget(form);
            BOOST_TEST(out.reply.status == status);
            if (status == 200) BOOST_TEST(out.reply.body == "true");
        }
    }
}

BOOST_AUTO_TEST_CASE(only_a_form_by_patch_with_both_headers) {
    bench b;
    auto r = make("PATCH", "/api/customer/forget", "customer_id=191", "application/x-www-form-urlencoded");
    BOOST_TEST(b.send(r).reply.status == 401U);
    r.headers.push_back({"api-key", "k"});
    BOOST_TEST(b.send(r).reply.status == 401U);
    r.headers.push_back({"api-username", "u"});
    BOOST_TEST(b.send(r).reply.status == 200U);
    r.target += "?customer_id=191";
    BOOST_TEST(b.send(r).reply.status == 404U);
    r.target = "/api/customer/forget";
    r.method = "POST";
    BOOST_TEST(b.send(r).reply.status == 405U);
    r.method = "PATCH";
    r.headers.front().value = "application/json";
    r.body = R"({"customer_id":"191"})";
    BOOST_TEST(b.send(r).reply.status == 400U);
}

BOOST_AUTO_TEST_CASE(forgetting_is_counted_and_the_kept_fields_remembered) {
    bench b;
    b.forget("customer_id=191");
    b.forget("customer_id=191&keep=country");
    const auto state = b.state();
    BOOST_TEST(json::serialize(state.at("forgotten")) ==
               R"({"customer_id:191":{"times":2,"keep":"country"}})");
}

BOOST_AUTO_TEST_CASE(a_failing_customer_is_200_with_false) {
    bench b;
    BOOST_TEST(b.forget("customer_id=99500").reply.body == "false");
    b.control("POST", "/sandbox/settings", R"({"forget_absent_status":200})");
    const auto out = b.forget("customer_id=99404");
    BOOST_TEST(out.reply.status == 200U);
    BOOST_TEST(out.reply.body == "false");
}

BOOST_AUTO_TEST_SUITE_END()
