#include "fixture.hpp"

#include "sandbox/page.hpp"

#include <boost/test/unit_test.hpp>

using namespace sandbox_test;

BOOST_AUTO_TEST_SUITE(sandbox_record)

BOOST_AUTO_TEST_CASE(calls_are_kept_in_order_as_they_came) {
    bench b;
    b.lapse("Jo@x.y absent@x.y");
    b.revoke("REVOKE_EARN", "9", who("5"), "mobile");
    b.delink(R"({"email":"jo@x.y"})", programme("p"));
    b.now = std::chrono::milliseconds(7);
    b.forget("customer_id=191&keep=country");
    const auto all = parsed(b.control("GET", "/sandbox/calls").reply.body);
    const auto& calls = all.at("calls").as_array();
    BOOST_TEST(calls.size() == 5U);
    BOOST_TEST(calls.at(0).at("call").as_string() == "mention_me_token");
    BOOST_TEST(json::serialize(calls.at(1).at("customers")) == R"(["email:Jo@x.y","email:absent@x.y"])");
    BOOST_TEST(json::serialize(calls.at(2).at("customers")) == R"(["mobile:5"])");
    BOOST_TEST(json::serialize(calls.at(3).at("customers")) == R"(["email:jo@x.y"])");
    BOOST_TEST(json::serialize(calls.at(4).at("customers")) == R"(["customer_id:191"])");
    BOOST_TEST(calls.at(4).at("body").as_string() == "customer_id=191&keep=country");
    BOOST_TEST(calls.at(4).at("headers").at("api-username").as_string() == "tf_admin");
    BOOST_TEST(calls.at(4).at("started_ms").as_int64() == 7);
    BOOST_TEST(calls.at(4).at("status").to_number<int>() == 200);
    const auto one = parsed(b.control("GET", "/sandbox/calls?call=revoke").reply.body);
    BOOST_TEST(one.at("calls").as_array().size() == 1U);
    const auto tail = parsed(b.control("GET", "/sandbox/calls?after=3&limit=1").reply.body);
    BOOST_TEST(tail.at("calls").as_array().at(0).at("call").as_string() == "forget");
}

BOOST_AUTO_TEST_CASE(the_window_counts_starts_not_bounds) {
    using std::chrono::milliseconds;
    const std::deque<sandbox::micros> starts{milliseconds(0), milliseconds(10), milliseconds(100),
                                             milliseconds(105), milliseconds(110)};
    BOOST_TEST(sandbox::max_in_window(starts, milliseconds(10)) == 2U);
    BOOST_TEST(sandbox::max_in_window(starts, milliseconds(11)) == 3U);
    BOOST_TEST(sandbox::max_in_window(starts, milliseconds(100)) == 3U);
    BOOST_TEST(sandbox::max_in_window(starts, milliseconds(111)) == 5U);
    BOOST_TEST(sandbox::max_in_window({}, milliseconds(1)) == 0U);
}

BOOST_AUTO_TEST_CASE(counts_follow_calls_in_flight_and_join_the_customers_endpoints) {
    bench b;
    b.lapse("a@x.y b@x.y");
    b.lapse("a@x.y", "/api/merchant/v2/customers");
    auto r = make("PATCH", "/api/customer/forget", "customer_id=1", "application/x-www-form-urlencoded");
    const auto first = b.engine.receive(r, b.now);
    const auto second = b.engine.receive(r, b.now);
    b.engine.finished(first.seq, b.now);
    const auto counts = parsed(b.control("GET", "/sandbox/counts?window_ms=1000").reply.body).at("calls");
    const auto number = [&](const char* call, const char* what) {
        return counts.at(call).at(what).to_number<int>();
    };
    BOOST_TEST(number("forget", "calls") == 2);
    BOOST_TEST(number("forget", "in_flight") == 1);
    BOOST_TEST(number("forget", "max_in_flight") == 2);
    BOOST_TEST(number("lapse", "customers") == 2);
    BOOST_TEST(number("mention_me_customers", "calls") == 2);
    BOOST_TEST(number("mention_me_customers", "max_in_window") == 2);
    BOOST_TEST(counts.at("forget").at("statuses").at("401").to_number<int>() == 2);
    b.engine.finished(second.seq, b.now);
}

BOOST_AUTO_TEST_CASE(reset_forgets_and_an_exchange_still_open_does_no_harm) {
    bench b;
    auto r = make("PATCH", "/api/customer/forget", "customer_id=1", "application/x-www-form-urlencoded");
    const auto open = b.engine.receive(r, b.now);
    b.lapse("a@x.y");
    b.control("POST", "/sandbox/reset");
    b.engine.finished(open.seq, b.now);
    BOOST_TEST(b.state().at("lapsed").as_object().empty());
    BOOST_TEST(parsed(b.control("GET", "/sandbox/calls").reply.body).at("calls").as_array().empty());
    BOOST_TEST(b.lapse("a@x.y").reply.status == 401U);
}

BOOST_AUTO_TEST_CASE(long_bodies_are_cut_and_the_ring_is_bounded) {
    sandbox::record kept;
    auto r = make("POST", "/x", std::string(70'000, 'x'));
    for (int i = 0; i < 1'100; ++i)
        kept.finished(kept.start("forget", r, sandbox::micros(i)), sandbox::micros(i));
    BOOST_TEST(kept.ring().back().body.size() == 65'536U);
    BOOST_TEST(kept.ring().back().body_cut);
    BOOST_TEST(kept.ring().size() == 1'024U);
    r.body.clear();
    for (int i = 0; i < 20'100; ++i)
        kept.finished(kept.start("forget", r, sandbox::micros(i)), sandbox::micros(i));
    BOOST_TEST(kept.ring().size() == 20'000U);
}

BOOST_AUTO_TEST_CASE(settings_are_all_or_nothing) {
    bench b;
    for (const char* text :
         {R"({"latency":1})", R"({"latency_ms":-1})", R"({"rate_limit":{"calls":1,"per":1}})",
          R"({"rate_limit":{"per_ms":0}})", R"({"basic":{"username":""}})", R"({"secrets":{"billing":[""]}})",
          R"({"secrets":{"other":[]}})", "[]"}) {
        BOOST_TEST_CONTEXT(text)
        BOOST_TEST(b.control("POST", "/sandbox/settings", text).reply.status == 400U);
    }
    const auto set =
        b.control("POST", "/sandbox/settings", R"({"mention_me_token_s":5,"capillary_token_s":6})");
    BOOST_TEST(parsed(set.reply.body).at("mention_me_token_s").as_int64() == 5);
    BOOST_TEST(parsed(b.control("GET", "/sandbox/settings").reply.body).at("capillary_token_s").as_int64() ==
               6);
    BOOST_TEST(b.control("GET", "/nowhere").reply.status == 404U);
}

BOOST_AUTO_TEST_CASE(a_call_gone_astray_shows_in_the_record) {
    bench b;
    BOOST_TEST(b.capillary("/partnerProgram/deLinkCustomer", "{}").reply.status == 404U);
    const auto calls =
        parsed(b.control("GET", "/sandbox/calls?call=unknown").reply.body).at("calls").as_array();
    BOOST_TEST(calls.at(0).at("target").as_string() == "/partnerProgram/deLinkCustomer");
}

BOOST_AUTO_TEST_CASE(the_page_escapes_what_came) {
    bench b;
    b.forget("orderid=<script>alert(1)</script>");
    const auto page = b.control("GET", "/").reply;
    BOOST_TEST(page.content_type == "text/html; charset=utf-8");
    BOOST_TEST(page.body.find("<script>") == std::string::npos);
    BOOST_TEST(page.body.find("&lt;script&gt;") != std::string::npos);
    BOOST_TEST(page.body.find("99404") != std::string::npos);
    BOOST_TEST(sandbox::escape_html("<a b=\"'&'\">") == "&lt;a b=&quot;&#39;&amp;&#39;&quot;&gt;");
}

BOOST_AUTO_TEST_SUITE_END()
