#include "offboard/api/read_offboarding.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace api_read_offboarding_test {

using namespace offboard;

namespace {

config::settings settings(bool with_billing = true) {
    config::settings s;
    for (const vendor v : all_vendors)
        if (with_billing || v != vendor::billing) s.vendors[static_cast<std::size_t>(v)].emplace();
    plan cancelled;
    cancelled.lapse = true;
    s.plans.emplace("cancelled", cancelled);
    plan erasure = cancelled;
    erasure.forget = true;
    erasure.defaults.erase_gate = erase_gate::settled;
    erasure.defaults.dry_run = true;
    s.plans.emplace("erasure", erasure);
    s.default_plan = "cancelled";
    return s;
}

struct reading {
    offboarding what;
    std::vector<std::string> pointers;
};

reading read(std::string_view text, const config::settings& s = settings()) {
    json_fault broken;
    const auto body = parse_json(text, broken);
    BOOST_REQUIRE_MESSAGE(body, text);
    fault_list faults;
    reading out;
    out.what = api::read_offboarding(*body, s, faults);
    for (const fault& f : faults.all())
        out.pointers.push_back(f.pointer);
    return out;
}

struct looked_up {
    identifier who;
    std::vector<std::string> pointers;
};

looked_up look_up(std::string_view text) {
    json_fault broken;
    const auto body = parse_json(text, broken);
    BOOST_REQUIRE_MESSAGE(body, text);
    fault_list faults;
    looked_up out;
    out.who = api::read_lookup(*body, faults);
    for (const fault& f : faults.all()) {
        out.pointers.push_back(f.pointer);
        BOOST_TEST(f.detail.find("jo@") == std::string::npos);
    }
    return out;
}

std::string lookup_of(std::string_view type, std::string_view value) {
    return R"({"identifier":{"type":")" + std::string(type) + R"(","value":)" + std::string(value) + "}}";
}

std::string with_identifiers(std::string_view members) {
    return R"({"customers":[{"identifiers":{"email":"jo@example.com",)" + std::string(members) + "}}]}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(read_offboarding_suite)

BOOST_AUTO_TEST_CASE(the_shortest_request_goes_by_the_default_plan) {
    const auto r = read(R"({"customers":[{"identifiers":{"email":"jo@example.com"}}]})");
    BOOST_TEST(r.pointers.empty());
    BOOST_TEST(r.what.plan_name == "cancelled");
    BOOST_TEST(r.what.plan.lapse);
    BOOST_TEST(!r.what.dry_run);
    BOOST_TEST((r.what.gate == erase_gate::all_ok));
}

BOOST_AUTO_TEST_CASE(the_requests_options_stand_over_the_plans) {
    const std::string customers =
        R"("customers":[{"identifiers":{"email":"jo@example.com","billing_customer_id":191}}])";
    const auto by_plan = read(R"({"plan":"erasure",)" + customers + "}");
    BOOST_TEST(by_plan.what.dry_run);
    BOOST_TEST((by_plan.what.gate == erase_gate::settled));
    const auto by_request =
        read(R"({"plan":"erasure","options":{"dry_run":false,"erase_gate":"none"},)" + customers + "}");
    BOOST_TEST(!by_request.what.dry_run);
    BOOST_TEST((by_request.what.gate == erase_gate::none));
}

BOOST_AUTO_TEST_CASE(identifiers_are_carried_exactly) {
    const auto r = read(with_identifiers(R"("mobile":"+919800000000","capillary_id":90071992547409931234,
        "external_id":"x y","billing_customer_id":"191&keep=password","billing_order_id":"0A-77")"));
    BOOST_TEST(r.pointers.empty());
    const customer& c = r.what.customers.at(0);
    BOOST_TEST(c.find(identifier_kind::mobile)->value == "919800000000");
    BOOST_TEST(c.find(identifier_kind::capillary_id)->value == "90071992547409931234");
    BOOST_TEST(c.find(identifier_kind::external_id)->value == "x y");
    BOOST_TEST(c.find(identifier_kind::billing_customer_id)->value == "191&keep=password");
}

BOOST_AUTO_TEST_CASE(every_fault_is_found_and_none_repeats_a_value) {
    const struct {
        std::string text;
        std::vector<std::string> pointers;
    } rows[] = {
        {"[]", {""}},
        {R"({"customers":[{"identifiers":{"email":"a@b"}}],"dry_run":true})", {"/dry_run"}},
        {R"({"customers":[{"identifiers":{"email":"a@b"}}],"options":{"dryrun":true}})", {"/options/dryrun"}},
        {R"({"customers":[{"identifiers":{"email":"a@b"}}],"options":{"dry_run":"true"}})",
         {"/options/dry_run"}},
        {R"({"plan":"nope","customers":[{"identifiers":{"email":"a@b"}}]})", {"/plan"}},
        {R"({"plan":7,"customers":[{"identifiers":{"email":"a@b"}}]})", {"/plan"}},
        {R"({"plan":"cancelled","steps":{"mention_me":{"lapse":{}}},"customers":[{"identifiers":{"email":"a@b"}}]})",
         {"/steps"}},
        {R"({"steps":{},"customers":[{"identifiers":{"email":"a@b"}}]})", {"/steps"}},
        {R"({})", {"/customers"}},
        {R"({"customers":[]})", {"/customers"}},
        {R"({"customers":{}})", {"/customers"}},
        {R"({"customers":[1]})", {"/customers/0", "/customers/0/identifiers"}},
        {R"({"customers":[{}]})", {"/customers/0/identifiers", "/customers/0/identifiers"}},
        {R"({"customers":[{"identifiers":{}}]})", {"/customers/0/identifiers"}},
        {R"({"customers":[{"identifiers":{"mobile":"919191"}}]})", {"/customers/0/identifiers"}},
        {R"({"customers":[{"identifiers":{"email":"a@b","e-mail":"b"}}]})", {"/customers/0/identifiers"}},
        {R"({"customers":[{"identifiers":{"email":"a@b","email":"b@b"}}]})",
         {"/customers/0/identifiers/email"}},
        {R"({"customers":[{"identifiers":{"email":"a@b\r\nb"}}]})", {"/customers/0/identifiers/email"}},
        {R"({"customers":[{"identifiers":{"email":true}}]})", {"/customers/0/identifiers/email"}},
        {with_identifiers(R"("mobile":"91 98")"), {"/customers/0/identifiers/mobile"}},
        {with_identifiers(R"("mobile":"++91")"), {"/customers/0/identifiers/mobile"}},
        {with_identifiers(R"("capillary_id":1.5)"), {"/customers/0/identifiers/capillary_id"}},
        {with_identifiers(R"("capillary_id":-1)"), {"/customers/0/identifiers/capillary_id"}},
        {R"({"customers":[{"identifiers":{"email":"a@b"},"ref":""}]})", {"/customers/0/ref"}},
        {R"({"customers":[{"identifiers":{"email":"a@b"},"ref":7}]})", {"/customers/0/ref"}},
        {R"({"customers":[{"identifiers":{"email":"a@b"},"ref":"x"},{"identifiers":{"email":"b@b"},"ref":"x"}]})",
         {"/customers/1/ref"}},
        {R"({"customers":[{"identifiers":{"email":"a@b"},"source":"PIGEON"}]})", {"/customers/0/source"}},
        {R"({"customers":[{"identifiers":{"email":"a@b"},"earn_ids":[]}]})", {"/customers/0/earn_ids"}},
        {R"({"customers":[{"identifiers":{"email":"a@b"},"earn_ids":[960,"963",0,960]}]})",
         {"/customers/0/earn_ids/1", "/customers/0/earn_ids/2", "/customers/0/earn_ids/3"}},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.text)
    BOOST_TEST(read(row.text).pointers == row.pointers, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_missing_identifier_names_every_customer_and_step_or_is_skipped) {
    const std::string customers =
        R"("customers":[{"identifiers":{"email":"a@b"}},{"identifiers":{"billing_order_id":"A-77"}}])";
    const auto rejected = read(R"({"plan":"erasure",)" + customers + "}");
    const std::vector<std::string> both = {"/customers/0/identifiers", "/customers/1/identifiers"};
    BOOST_TEST(rejected.pointers == both, boost::test_tools::per_element());
    BOOST_TEST(read(R"({"plan":"erasure","options":{"missing_identifier":"skip"},)" + customers + "}")
                   .pointers.empty());
}

BOOST_AUTO_TEST_CASE(steps_for_a_vendor_without_a_section_are_refused) {
    const auto s = settings(false);
    const std::string text =
        R"({"steps":{"billing":{"forget":{}}},"customers":[{"identifiers":{"billing_customer_id":1}}]})";
    BOOST_TEST(read(text).pointers.empty());
    BOOST_TEST(read(text, s).pointers == std::vector<std::string>{"/steps/billing"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_thousand_customers_and_not_one_more) {
    const auto of = [](int n) {
        std::string text = R"({"customers":[)";
        for (int i = 0; i < n; ++i)
            text += std::string(i ? "," : "") + R"({"identifiers":{"email":"c)" + std::to_string(i) +
                    R"(@example.com"}})";
        return text + "]}";
    };
    BOOST_TEST(read(of(1000)).what.customers.size() == 1000u);
    BOOST_TEST(read(of(1000)).pointers.empty());
    BOOST_TEST(read(of(1001)).pointers == std::vector<std::string>{"/customers"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_a_request_expands_to_is_bounded_and_the_fault_names_the_figure) {
    const auto of = [](int customers, int promotions, int ids, const char* options) {
        std::string text = R"({"steps":{"capillary":{"revoke":[)";
        for (int i = 0; i < promotions; ++i)
            text += std::string(i ? "," : "") +
                    R"({"program_id":1,"kind":"enrol_and_issue","promotion_id":)" + std::to_string(i + 1) +
                    "}";
        text += std::string("]}},\"options\":{") + options + R"(},"customers":[)";
        std::string list;
        for (int i = 0; i < ids; ++i)
            list += (i ? "," : "") + std::to_string(i + 1);
        for (int i = 0; i < customers; ++i)
            text += std::string(i ? "," : "") + R"({"identifiers":{"capillary_id":)" + std::to_string(i + 1) +
                    "}" + (ids ? R"(,"earn_ids":[)" + list + "]" : "") + "}";
        return read(text + "]}");
    };
    const std::vector<std::string> refused{"/customers"};
    BOOST_TEST(of(1000, 50, 0, "").pointers.empty());
    BOOST_TEST(of(1000, 50, 25, "").pointers == refused, boost::test_tools::per_element()); // 150,000
    BOOST_TEST(of(300, 50, 100, "").pointers.empty());                                      // 90,000
    BOOST_TEST(of(100, 50, 50, R"("dry_run":true)").pointers.empty());                      // 20,000
    BOOST_TEST(of(101, 50, 50, R"("dry_run":true)").pointers == refused, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_ref_holds_no_address_and_absent_is_read) {
    BOOST_TEST(read(R"({"customers":[{"ref":"jo@b","identifiers":{"email":"a@b"}}]})").pointers ==
                   std::vector<std::string>{"/customers/0/ref"},
               boost::test_tools::per_element());
    const auto r = read("\xEF\xBB\xBF"
                        R"({"options":{"absent":"not_ok"},"customers":[{"identifiers":{"email":"a@b"}}]})");
    BOOST_TEST(r.pointers.empty());
    BOOST_TEST((r.what.absent == absent_rule::not_ok));
    BOOST_TEST(
        read(R"({"options":{"absent":"maybe"},"customers":[{"identifiers":{"email":"a@b"}}]})").pointers ==
            std::vector<std::string>{"/options/absent"},
        boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(sources_are_sent_in_capitals_and_equal_lists_of_earns_are_equal) {
    const auto r =
        read(R"({"customers":[{"identifiers":{"email":"a@b"},"source":"Website","earn_ids":[963,960]}]})");
    BOOST_TEST(r.pointers.empty());
    BOOST_TEST(r.what.customers[0].source == "WEBSITE");
    BOOST_TEST((r.what.customers[0].earn_ids == std::vector<std::int64_t>{960, 963}));
}

BOOST_AUTO_TEST_CASE(a_lookup_takes_every_kind_of_identifier_as_a_request_does) {
    for (const identifier_kind k : all_identifier_kinds) {
        BOOST_TEST_CONTEXT(to_string(k)) {
            const std::string value = k == identifier_kind::email ? "jo@example.com" : "919800000000";
            const auto r = look_up(lookup_of(to_string(k), '"' + value + '"'));
            BOOST_TEST(r.pointers.empty());
            BOOST_TEST((r.who == identifier{k, value}));
        }
    }
    const struct {
        std::string_view type;
        std::string_view value;
        std::string_view read;
    } rows[] = {
        {"email", R"("Jo@Example.com")", "Jo@Example.com"},
        {"mobile", R"("+919800000000")", "919800000000"},
        {"mobile", "919800000000", "919800000000"},
        {"external_id", R"("+x")", "+x"},
        {"capillary_id", "90071992547409931234", "90071992547409931234"},
        {"billing_customer_id", "0", "0"},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.type << " " << row.value) {
            const auto r = look_up(lookup_of(row.type, row.value));
            BOOST_TEST(r.pointers.empty());
            BOOST_TEST(to_string(r.who.kind) == row.type);
            BOOST_TEST(r.who.value == row.read);
        }
    }
}

BOOST_AUTO_TEST_CASE(every_fault_of_a_lookup_is_found_and_none_repeats_a_value) {
    const std::string type = "/identifier/type";
    const std::string value = "/identifier/value";
    const struct {
        std::string text;
        std::vector<std::string> pointers;
    } rows[] = {
        {"[]", {""}},
        {"null", {""}},
        {"{}", {"/identifier"}},
        {R"({"identifier":"jo@example.com"})", {"/identifier"}},
        {R"({"identifier":{}})", {type, value}},
        {R"({"identifier":{"type":"email"}})", {value}},
        {R"({"identifier":{"value":"jo@example.com"}})", {type}},
        {R"({"identifier":{"type":7}})", {type, value}},
        {R"({"identifier":{"type":"Email","value":"jo@example.com"}})", {type}},
        {R"({"identifier":{"type":"mail","value":""}})", {type, value}},
        {R"({"identifier":{"type":"email","value":"jo@example.com","ref":"x"},"plan":"x"})",
         {"/plan", "/identifier/ref"}},
        {R"({"identifier":{"type":"email","value":"jo@example.com","jo@example.com":1}})", {"/identifier"}},
        {R"({"identifier":{"type":"email","value":"a@b","value":"jo@example.com"}})", {value}},
        {R"({"identifier":{"type":"email","value":"a@b"},"identifier":{"type":"email","value":"b@b"}})",
         {"/identifier"}},
        {lookup_of("email", R"("")"), {value}},
        {lookup_of("email", "null"), {value}},
        {lookup_of("email", "true"), {value}},
        {lookup_of("email", R"(["jo@example.com"])"), {value}},
        {lookup_of("email", R"("jo@example.com\n")"), {value}},
        {lookup_of("email", '"' + std::string(257, 'x') + '"'), {value}},
        {lookup_of("mobile", R"("91-98")"), {value}},
        {lookup_of("mobile", R"("+")"), {value}},
        {lookup_of("capillary_id", "1.5"), {value}},
        {lookup_of("capillary_id", "-1"), {value}},
        {lookup_of("capillary_id", "1e3"), {value}},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.text)
    BOOST_TEST(look_up(row.text).pointers == row.pointers, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace api_read_offboarding_test
