#include "fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace sandbox_test;

BOOST_AUTO_TEST_SUITE(sandbox_delink)

BOOST_AUTO_TEST_CASE(a_customer_is_delinked_once_per_programme) {
    bench b;
    const auto both = programme("1stProgram") + ',' + programme("p3e1");
    const auto out = b.delink(R"({"mobile":919800000000})", both);
    BOOST_TEST(delink_code(out, 0) == 200);
    BOOST_TEST(delink_code(out, 1) == 200);
    BOOST_TEST(delink_code(b.delink(R"({"mobile":"919800000000"})", both), 1) == 2004);
    BOOST_TEST(b.state().at("delinked").at("mobile:919800000000 p3e1").to_number<int>() == 1);
}

BOOST_AUTO_TEST_CASE(programme_names_choose_their_codes) {
    const std::pair<const char*, std::int64_t> table[] = {
        {"missing-1", 2006}, {"failing", 2001}, {"queued-x", 2010}, {"unlinked", 2004}, {"p3e1", 200}};
    for (const auto& [name, code] : table) {
        bench b;
        BOOST_TEST_CONTEXT(name)
        BOOST_TEST(delink_code(b.delink(R"({"email":"jo@example.com"})", programme(name))) == code);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_one_customer_with_programmes_is_400_and_an_empty_object) {
    const char* const table[] = {
        "{}",
        R"({"deLinkCustomers":[]})",
        R"({"deLinkCustomers":{"customer":{"mobile":1},"deLinkFromPartnerPrograms":[{"partnerProgramName":"p"}]}})",
        R"({"deLinkCustomers":[{"customer":{"mobile":1},"deLinkFromPartnerPrograms":[{"partnerProgramName":"p"}]},)"
        R"({"customer":{"mobile":2},"deLinkFromPartnerPrograms":[{"partnerProgramName":"p"}]}]})",
        R"({"deLinkCustomers":[{"customer":{"id":1},"deLinkFromPartnerPrograms":[{"partnerProgramName":"p"}]}]})",
        R"({"deLinkCustomers":[{"customer":{},"deLinkFromPartnerPrograms":[{"partnerProgramName":"p"}]}]})",
        R"({"deLinkCustomers":[{"customer":{"mobile":"+91"},"deLinkFromPartnerPrograms":[{"partnerProgramName":"p"}]}]})",
        R"({"deLinkCustomers":[{"customer":{"mobile":1},"deLinkFromPartnerPrograms":[]}]})",
        R"({"deLinkCustomers":[{"customer":{"mobile":1},"deLinkFromPartnerPrograms":[{"name":"p"}]}]})"};
    for (const char* body : table) {
        bench b;
        BOOST_TEST_CONTEXT(body) {
            const auto out = b.capillary("/v2/partnerProgram/deLinkCustomer", body);
            BOOST_TEST(out.reply.status == 400U);
            BOOST_TEST(out.reply.body == "{}");
        }
    }
}

BOOST_AUTO_TEST_CASE(at_most_fifty_programmes) {
    bench b;
    std::string many = programme("p0");
    for (int i = 1; i < 50; ++i)
        many += ',' + programme("p" + std::to_string(i));
    BOOST_TEST(b.delink(R"({"externalId":"X1"})", many).reply.status == 200U);
    const auto out = b.delink(R"({"externalId":"X1"})", many + ',' + programme("p50"));
    BOOST_TEST(parsed(out.reply.body).at("errors").as_array().at(0).at("code").as_int64() == 2008);
}

BOOST_AUTO_TEST_CASE(a_stranger_has_a_false_status_and_no_programmes) {
    bench b;
    const auto out = b.delink(R"({"mobile":919899404})", programme("p"));
    const auto update = parsed(out.reply.body).at("customersPartnerUpdates").as_array().at(0);
    BOOST_TEST(update.at("customer").at("status").at("status").as_bool() == false);
    BOOST_TEST(update.at("customer").at("status").at("code").as_int64() == 1012);
    BOOST_TEST(!update.as_object().contains("partnerProgramUpdates"));
    BOOST_TEST(delink_code(b.delink(R"({"email":"fail@example.com"})", programme("p"))) == 2001);
    BOOST_TEST(b.delink(R"({"email":"poison@example.com"})", programme("p")).reply.status == 400U);
    BOOST_TEST(b.delink(R"({"email":"down@example.com"})", programme("p")).reply.status == 503U);
}

BOOST_AUTO_TEST_SUITE_END()
