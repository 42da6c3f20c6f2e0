#include "support.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

namespace vendors_encode_test {

namespace json = boost::json;
using namespace vendors_test;

namespace {

const std::vector<header_field> json_headers = {{"Content-Type", "application/json"},
                                                {"Accept", "application/json"}};

void check_json(const outgoing_request& r, std::string_view method, std::string_view target,
                const char* body) {
    BOOST_TEST(r.method == method);
    BOOST_TEST(r.target == target);
    BOOST_TEST((r.headers == json_headers));
    BOOST_TEST(r.body ==
               json::serialize(json::parse(body))); // as text: members in the order of the samples too
}

} // namespace

BOOST_AUTO_TEST_SUITE(vendor_requests)

BOOST_AUTO_TEST_CASE(a_lapse_is_the_documented_body) {
    check_json(encode(emails({"jo@example.com"}), {}), "POST", "/api/merchant/v2/customers/lapse",
               R"({"identifiers":[{"type":"email","value":"jo@example.com"}]})");
}

BOOST_AUTO_TEST_CASE(a_lapse_names_a_customer_id_by_the_configured_type) {
    batch b = emails({"jo@example.com"});
    b.places.push_back(who(identifier_kind::mention_me_customer_id, "C-1"));
    wire_settings wire;
    check_json(
        encode(b, wire), "POST", "/api/merchant/v2/customers/lapse",
        R"({"identifiers":[{"type":"email","value":"jo@example.com"},{"type":"customerId","value":"C-1"}]})");
    wire.customer_id_type = "customer_id";
    check_json(
        encode(b, wire), "POST", "/api/merchant/v2/customers/lapse",
        R"({"identifiers":[{"type":"email","value":"jo@example.com"},{"type":"customer_id","value":"C-1"}]})");
}

BOOST_AUTO_TEST_CASE(revoke_enrol_is_the_documented_body) {
    batch b = capillary_ids(action::revoke_enrol, {"423927867", "423927868"});
    for (place& p : b.places)
        p.source = "instore";
    check_json(encode(b, {}), "POST", "/v2/promotion/bulk/revokeEnrolAndEarn", R"({
        "type": "CUSTOMER", "bulkAction": "REVOKE_ENROL",
        "promotionDetails": {"programId": 2714, "promotionId": "202779"}, "identifierName": "id",
        "customers": [{"identifierValue": "423927867", "source": "instore"},
                      {"identifierValue": "423927868", "source": "instore"}]})");
}

BOOST_AUTO_TEST_CASE(revoke_earn_names_earns_only_where_there_are_any) {
    batch b = capillary_ids(action::revoke_earn, {"423927848", "423927855", "423927856"});
    for (place& p : b.places)
        p.source = "instore";
    b.promo.promotion_id.clear();
    b.promo.promo_identifier = "1d9e540d-ae2c-443f-9d0d-7ac146bf93f2";
    b.places[0].earn_ids = {959};
    b.places[1].earn_ids = {960, 963};
    check_json(encode(b, {}), "POST", "/v2/promotion/bulk/revokeEnrolAndEarn", R"({
        "type": "CUSTOMER", "bulkAction": "REVOKE_EARN",
        "promotionDetails": {"programId": 2714, "promoIdentifier": "1d9e540d-ae2c-443f-9d0d-7ac146bf93f2"},
        "identifierName": "id",
        "customers": [{"identifierValue": "423927848", "source": "instore", "earnIds": [959]},
                      {"identifierValue": "423927855", "source": "instore", "earnIds": [960, 963]},
                      {"identifierValue": "423927856", "source": "instore"}]})");
}

BOOST_AUTO_TEST_CASE(revoke_names_the_kind_of_identifier_at_the_top) {
    for (const auto& [kind, name] :
         {std::pair{identifier_kind::mobile, "mobile"}, {identifier_kind::email, "email"}}) {
        const auto r = encode(batch_of(action::revoke_enrol, {who(kind, "x")}), {});
        BOOST_TEST(json::parse(r.body).as_object().at("identifierName").as_string() == name);
    }
}

BOOST_AUTO_TEST_CASE(revoke_enrol_never_sends_earns) {
    batch b = capillary_ids(action::revoke_enrol, {"1"});
    b.places[0].earn_ids = {5};
    BOOST_TEST(encode(b, {}).body.find("earnIds") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_delink_is_the_documented_body) {
    check_json(encode(programmes({"1stProgram", "p3e1"}), {}), "POST", "/v2/partnerProgram/deLinkCustomer",
               R"({
        "deLinkCustomers": [{"customer": {"mobile": 919800000000}, "deLinkFromPartnerPrograms": [
            {"partnerProgramName": "1stProgram"}, {"partnerProgramName": "p3e1"}]}]})");
}

BOOST_AUTO_TEST_CASE(a_mobile_that_an_integer_would_change_stays_a_string) {
    const std::pair<const char*, const char*> cases[] = {
        {"919800000000", "919800000000"},
        {"0919800000", "\"0919800000\""},
        {"999999999999999999", "999999999999999999"},
        {"1234567890123456789", "\"1234567890123456789\""},
        {"+4915", "\"+4915\""},
        {"0", "\"0\""},
    };
    for (const auto& [mobile, wire] : cases) {
        batch b = programmes({"p"});
        b.places[0].who.value = mobile;
        BOOST_TEST_CONTEXT(mobile) {
            BOOST_TEST(encode(b, {}).body ==
                       std::string("{\"deLinkCustomers\":[{\"customer\":{\"mobile\":") + wire +
                           "},\"deLinkFromPartnerPrograms\":[{\"partnerProgramName\":\"p\"}]}]}");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_delink_by_email_or_external_id_uses_their_keys) {
    batch b = programmes({"p"});
    b.places[0].who = {identifier_kind::email, "jo@example.com"};
    BOOST_TEST(encode(b, {}).body.find(R"("customer":{"email":"jo@example.com"})") != std::string::npos);
    b.places[0].who = {identifier_kind::external_id, "42"};
    BOOST_TEST(encode(b, {}).body.find(R"("customer":{"externalId":"42"})") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_forget_is_the_documented_form) {
    const outgoing_request r =
        encode(batch_of(action::forget, {who(identifier_kind::billing_customer_id, "191")}), {});
    BOOST_TEST(r.method == "PATCH");
    BOOST_TEST(r.target == "/api/customer/forget");
    BOOST_TEST((r.headers == std::vector<header_field>{{"Content-Type", "application/x-www-form-urlencoded"},
                                                       {"Accept", "application/json"}}));
    BOOST_TEST(r.body == "customer_id=191");
}

BOOST_AUTO_TEST_CASE(a_form_value_cannot_break_out) {
    struct {
        identifier_kind kind;
        const char* value;
        std::vector<std::string> keep;
        const char* body;
    } const cases[] = {
        {identifier_kind::billing_customer_id, "191&keep=password", {}, "customer_id=191%26keep%3Dpassword"},
        {identifier_kind::billing_subscription_id, "a b+c", {}, "subscription_id=a%20b%2Bc"},
        {identifier_kind::billing_order_id, "A-77_.~", {"country"}, "orderid=A-77_.~&keep=country"},
        {identifier_kind::billing_order_id,
         "\xC3\xA9%",
         {"country", "email"},
         "orderid=%C3%A9%25&keep=country%2Cemail"},
    };
    for (const auto& c : cases) {
        batch b = batch_of(action::forget, {who(c.kind, c.value)});
        b.keep = c.keep;
        BOOST_TEST(encode(b, {}).body == c.body);
    }
}

BOOST_AUTO_TEST_CASE(what_no_vendor_can_look_up_is_a_bug) {
    BOOST_CHECK_THROW(encode(batch_of(action::lapse, {who(identifier_kind::mobile, "1")}), {}),
                      std::logic_error);
    BOOST_CHECK_THROW(encode(batch_of(action::revoke_earn, {who(identifier_kind::external_id, "1")}), {}),
                      std::logic_error);
    BOOST_CHECK_THROW(encode(batch_of(action::forget, {who(identifier_kind::email, "1")}), {}),
                      std::logic_error);
    BOOST_CHECK_THROW(encode(batch_of(action::forget, {}), {}), std::logic_error);
}

BOOST_AUTO_TEST_CASE(only_a_forget_is_repeated_once) {
    BOOST_TEST((rule_of(action::lapse).resend == resend::freely));
    BOOST_TEST((rule_of(action::delink).resend == resend::freely));
    BOOST_TEST((rule_of(action::revoke_enrol).resend == resend::freely));
    BOOST_TEST((rule_of(action::revoke_earn).resend == resend::freely));
    BOOST_TEST((rule_of(action::forget).resend == resend::once));
    BOOST_TEST((lost_outcome().status == step_status::unknown));
    BOOST_TEST(to_string(lost_outcome().code) == "outcome_unknown");
    BOOST_TEST(lost_outcome().retryable);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_encode_test
