#include "fixture.hpp"

#include "sandbox/wire.hpp"

#include <boost/test/unit_test.hpp>

using namespace sandbox_test;
using sandbox::delivery;

BOOST_AUTO_TEST_SUITE(sandbox_faults)

BOOST_AUTO_TEST_CASE(mistakes_in_a_fault_are_refused) {
    for (const char* text :
         {R"({"kimd":"cut"})", R"({"kind":"nonsense"})", R"({"call":"laps"})", R"({"times":-1})",
          R"({"statuses":[]})", R"({"status":99})", R"({"status":"500"})", R"({"act":1})", R"({"code":"1"})",
          R"({"headers":{"a":"b\r\nc"}})", R"({"latency_ms":-5})", "7", "[7]", "nonsense"}) {
        bench b;
        BOOST_TEST_CONTEXT(text) BOOST_TEST(b.fault(text) == 400U);
    }
}

BOOST_AUTO_TEST_CASE(a_fault_applies_to_its_call_so_many_times_after_its_skips) {
    bench b;
    BOOST_TEST(b.fault(R"({"call":"lapse","status":500,"times":2,"skip":1})") == 200U);
    BOOST_TEST(b.forget("customer_id=1").reply.status == 200U);
    BOOST_TEST(b.lapse("a@x.y").reply.status == 200U);
    BOOST_TEST(b.lapse("b@x.y").reply.status == 500U);
    BOOST_TEST(b.lapse("c@x.y").reply.status == 500U);
    BOOST_TEST(b.lapse("d@x.y").reply.status == 200U);
    BOOST_TEST(json::serialize(b.state().at("lapsed")) == R"({"email:a@x.y":1,"email:d@x.y":1})");
}

BOOST_AUTO_TEST_CASE(a_sequence_of_statuses_is_given_in_turn) {
    bench b;
    b.fault(R"({"call":"forget","statuses":[500,503,200]})");
    BOOST_TEST(b.forget("customer_id=1").reply.status == 500U);
    BOOST_TEST(b.forget("customer_id=1").reply.status == 503U);
    BOOST_TEST(b.forget("customer_id=1").reply.body == "true");
    BOOST_TEST(b.forget("customer_id=1").reply.body == "true");
    BOOST_TEST(b.state().at("forgotten").at("customer_id:1").at("times").to_number<int>() == 2);
}

BOOST_AUTO_TEST_CASE(zero_times_lasts_until_cleared) {
    bench b;
    b.fault(R"([{"call":"forget","status":500,"times":0},{"call":"lapse","kind":"cut","times":0}])");
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(b.forget("customer_id=1").reply.status == 500U);
    const auto cleared = b.control("DELETE", "/sandbox/faults");
    BOOST_TEST(cleared.release_stalls);
    BOOST_TEST(b.forget("customer_id=1").reply.status == 200U);
}

BOOST_AUTO_TEST_CASE(a_match_picks_the_calls_that_contain_it) {
    bench b;
    b.fault(R"({"call":"lapse","match":"bad@x.y","status":400,"times":0})");
    BOOST_TEST(b.lapse("good@x.y").reply.status == 200U);
    BOOST_TEST(b.lapse("good@x.y bad@x.y").reply.status == 400U);
}

BOOST_AUTO_TEST_CASE(act_says_whether_the_effect_happens) {
    bench b;
    b.fault(R"({"call":"forget","status":500,"act":true})");
    BOOST_TEST(b.forget("customer_id=1").reply.status == 500U);
    b.fault(R"({"call":"forget","kind":"cut","act":false})");
    BOOST_TEST((b.forget("customer_id=2").how == delivery::cut));
    b.fault(R"({"call":"revoke","kind":"missing_entry","act":false})");
    b.revoke("REVOKE_EARN", "9", who("5") + ',' + who("6"));
    const auto state = b.state();
    BOOST_TEST(json::serialize(state.at("forgotten")) == R"({"customer_id:1":{"times":1,"keep":""}})");
    BOOST_TEST(state.at("revoked_earns").as_array().empty());
}

BOOST_AUTO_TEST_CASE(broken_deliveries_act_first) {
    const std::pair<const char*, delivery> table[] = {{"truncated", delivery::truncated},
                                                      {"cut", delivery::cut},
                                                      {"cut_after_headers", delivery::cut_after_headers},
                                                      {"cut_mid_body", delivery::cut_mid_body},
                                                      {"stall", delivery::stall},
                                                      {"reset", delivery::reset},
                                                      {"close_after_answer", delivery::close_after}};
    for (const auto& [kind, how] : table) {
        bench b;
        b.fault(std::string(R"({"kind":")") + kind + "\"}");
        BOOST_TEST_CONTEXT(kind) {
            BOOST_TEST((b.forget("customer_id=1").how == how));
            BOOST_TEST(b.state().at("forgotten").as_object().size() == 1U);
        }
    }
}

BOOST_AUTO_TEST_CASE(latency_adds_to_the_settings_and_changes_nothing_else) {
    bench b;
    b.control("POST", "/sandbox/settings", R"({"latency_ms":20})");
    b.fault(R"({"call":"forget","latency_ms":30})");
    const auto late = b.forget("customer_id=1");
    BOOST_TEST(late.delay.count() == 50'000);
    BOOST_TEST(late.reply.body == "true");
    BOOST_TEST(b.forget("customer_id=1").delay.count() == 20'000);
    BOOST_TEST(b.control("GET", "/sandbox/state").delay.count() == 0);
}

BOOST_AUTO_TEST_CASE(replaced_answers_have_the_vendor_s_shape) {
    bench b;
    b.fault(R"([{"kind":"html"},{"kind":"redirect"},{"kind":"not_json"},{"kind":"expire_token"}])");
    const auto html = b.forget("customer_id=1");
    BOOST_TEST(html.reply.status == 503U);
    BOOST_TEST(html.reply.content_type == "text/html");
    const auto redirect = b.forget("customer_id=1");
    BOOST_TEST(redirect.reply.status == 302U);
    BOOST_TEST(redirect.reply.headers.at(0).value == "/login");
    BOOST_TEST(parsed(b.forget("customer_id=1").reply.body).as_string() == "not JSON");
    const auto expired = b.revoke("REVOKE_EARN", "9", who("5"));
    BOOST_TEST(expired.reply.status == 401U);
    BOOST_TEST(parsed(expired.reply.body).at("errors").as_array().at(0).at("code").as_int64() == 401);
    b.fault(R"({"status":200,"body":{"result":true},"content_type":"text/plain","headers":{"X-A":1}})");
    const auto own = b.forget("customer_id=1");
    BOOST_TEST(own.reply.body == R"({"result":true})");
    BOOST_TEST(own.reply.content_type == "text/plain");
    BOOST_TEST(own.reply.headers.at(0).value == "1");
    BOOST_TEST(b.state().at("forgotten").as_object().empty());
}

BOOST_AUTO_TEST_CASE(rate_limited_tells_when_to_come_back) {
    bench b;
    b.lapse("a@x.y");
    b.fault(R"({"kind":"rate_limited","retry_after":7,"times":2})");
    const auto lapse = b.lapse("b@x.y");
    BOOST_TEST(lapse.reply.status == 429U);
    std::string reset;
    for (const auto& h : lapse.reply.headers)
        if (h.name == "X-RateLimit-Reset") reset += h.value;
    BOOST_TEST(reset == "7");
    const auto revoke = b.revoke("REVOKE_EARN", "9", who("5"));
    BOOST_TEST(revoke.reply.headers.at(0).name == "Retry-After");
}

BOOST_AUTO_TEST_CASE(entries_are_shuffled_dropped_doubled_or_taken_away) {
    bench b;
    const auto customers = who("5") + ',' + who("199404") + ',' + who("6");
    const auto entries = [&](const char* kind) {
        bench fresh;
        fresh.fault(std::string(R"({"kind":")") + kind + "\"}");
        return parsed(fresh.revoke("REVOKE_EARN", "9", customers).reply.body);
    };
    const auto first = [](const json::value& v) { return v.at("response").as_array().at(0).as_object(); };
    BOOST_TEST(!first(entries("shuffle")).contains("result"));
    BOOST_TEST(entries("missing_entry").at("totalCount").to_number<int>() == 2);
    BOOST_TEST(entries("missing_all").at("response").as_array().empty());
    BOOST_TEST(entries("null_lists").at("response").is_null());
    BOOST_TEST(entries("duplicate_entries").at("response").as_array().size() == 6U);
    BOOST_TEST(entries("one_entry").at("response").as_array().size() == 1U);
    const auto hollow = first(entries("success_without_id"));
    BOOST_TEST(!hollow.at("result").as_object().contains("revokedEarnIds"));
    BOOST_TEST(hollow.at("warnings").as_array().at(0).at("code").as_int64() == 8890);
    const auto torn = first(entries("result_with_errors"));
    BOOST_TEST(torn.contains("result"));
    BOOST_TEST(torn.at("errors").as_array().at(0).at("code").as_int64() == 8896);
    const auto text = entries("string_codes").at("response").as_array().at(1).at("errors").as_array().at(0);
    BOOST_TEST(text.at("code").as_string() == "8015");
}

BOOST_AUTO_TEST_CASE(success_without_id_did_nothing) {
    bench b;
    b.fault(R"({"kind":"success_without_id"})");
    b.revoke("REVOKE_EARN", "9", who("5"));
    BOOST_TEST(b.state().at("revoked_earns").as_array().empty());
}

BOOST_AUTO_TEST_CASE(one_entry_with_a_code_refuses_the_whole_request) {
    bench b;
    b.fault(R"({"call":"revoke","kind":"one_entry","code":8015})");
    const auto out = b.revoke("REVOKE_EARN", "9", who("5") + ',' + who("6"));
    BOOST_TEST(code_of(out) == 8015);
    BOOST_TEST(parsed(out.reply.body).at("response").as_array().size() == 1U);
    BOOST_TEST(b.state().at("revoked_earns").as_array().empty());
}

BOOST_AUTO_TEST_CASE(the_issual_id_can_be_as_in_the_sample) {
    bench b;
    b.revoke("REVOKE_EARN", "9", who("5"));
    b.fault(R"({"kind":"issual_id_sample"})");
    const auto out = b.revoke("REVOKE_ENROL", "9", who("5"));
    const auto result = parsed(out.reply.body).at("response").as_array().at(0).at("result").as_object();
    BOOST_TEST(result.at("issualId").is_string());
    BOOST_TEST(!result.contains("revokedIssualId"));
}

BOOST_AUTO_TEST_CASE(lapse_answers_lose_types_entries_and_case) {
    bench b;
    b.fault(R"([{"call":"lapse","kind":"no_type"},{"call":"lapse","kind":"echo_case"},
                {"call":"lapse","kind":"missing_entry"},{"call":"lapse","kind":"missing_all"}])");
    const auto untyped = parsed(b.lapse("absent@x.y jo@x.y").reply.body);
    BOOST_TEST(json::serialize(untyped.at("errors")) == R"([{"value":"absent@x.y","reason":"notFound"}])");
    const auto loud = parsed(b.lapse("jo@x.y").reply.body);
    BOOST_TEST(loud.at("accepted").as_array().at(0).at("value").as_string() == "JO@X.Y");
    const auto fewer = parsed(b.lapse("jo@x.y sam@x.y").reply.body);
    BOOST_TEST(fewer.at("accepted").as_array().size() == 1U);
    const auto none = parsed(b.lapse("jo@x.y absent@x.y").reply.body);
    BOOST_TEST(none.at("accepted").as_array().empty());
    BOOST_TEST(none.at("errors").as_array().empty());
}

BOOST_AUTO_TEST_CASE(delink_answers_take_the_older_or_a_contradictory_shape) {
    bench b;
    b.fault(
        R"([{"call":"delink","kind":"older_delink_shape"},{"call":"delink","kind":"status_false_code_200"},
                {"call":"delink","kind":"missing_entry"}])");
    const auto older = parsed(b.delink(R"({"mobile":91})", programme("p")).reply.body);
    const auto item =
        older.at("deLinkCustomers").as_array().at(0).at("deLinkFromPartnerPrograms").as_array().at(0);
    BOOST_TEST(item.at("partnerDeLinkStatus").at("code").as_int64() == 200);
    const auto torn = parsed(b.delink(R"({"mobile":92})", programme("p")).reply.body);
    const auto update = torn.at("customersPartnerUpdates").as_array().at(0);
    const auto status = update.at("partnerProgramUpdates").as_array().at(0).at("updateStatus");
    BOOST_TEST(json::serialize(status) == R"({"status":false,"message":"Success","code":200})");
    const auto fewer = b.delink(R"({"mobile":93})", programme("p") + ',' + programme("q"));
    BOOST_TEST(parsed(fewer.reply.body)
                   .at("customersPartnerUpdates")
                   .as_array()
                   .at(0)
                   .at("partnerProgramUpdates")
                   .as_array()
                   .size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_bytes_of_broken_answers) {
    sandbox::answer a;
    a.body = "0123456789";
    const auto whole = sandbox::to_wire(a, delivery::whole, true, false);
    BOOST_TEST(whole.bytes.ends_with("\r\n\r\n0123456789"));
    BOOST_TEST(!whole.close);
    BOOST_TEST(sandbox::to_wire(a, delivery::whole, false, false).close);
    BOOST_TEST(sandbox::to_wire(a, delivery::whole, true, true).bytes.ends_with("\r\n\r\n"));
    const auto truncated = sandbox::to_wire(a, delivery::truncated, true, false);
    BOOST_TEST(truncated.bytes.find("Content-Length: 74\r\n") != std::string::npos);
    BOOST_TEST(truncated.close);
    BOOST_TEST(sandbox::to_wire(a, delivery::cut_mid_body, true, false).bytes.ends_with("\r\n\r\n01234"));
    BOOST_TEST(sandbox::to_wire(a, delivery::cut_after_headers, true, false).bytes.ends_with("\r\n\r\n"));
    const auto stale = sandbox::to_wire(a, delivery::close_after, true, false);
    BOOST_TEST(stale.bytes.find("Connection: keep-alive") != std::string::npos);
    BOOST_TEST(stale.close);
}

BOOST_AUTO_TEST_SUITE_END()
