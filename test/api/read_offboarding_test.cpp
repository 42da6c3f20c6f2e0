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
    cancelled.set(action::lapse);
    s.plans.emplace("cancelled", cancelled);
    plan erasure = cancelled;
    erasure.set(action::forget);
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
    BOOST_TEST(r.what.plan.has(action::lapse));
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
        {R"({"customers":[{"identifiers":{"email":"a@x"}}],"dry_run":true})", {"/dry_run"}},
        {R"({"customers":[{"identifiers":{"email":"a@x"}}],"options":{"dryrun":true}})", {"/options/dryrun"}},
        {R"({"customers":[{"identifiers":{"email":"a@x"}}],"options":{"dry_run":"true"}})",
         {"/options/dry_run"}},
        {R"({"plan":"nope","customers":[{"identifiers":{"email":"a@x"}}]})", {"/plan"}},
        {R"({"plan":7,"customers":[{"identifiers":{"email":"a@x"}}]})", {"/plan"}},
        {R"({"plan":"cancelled","steps":{"mention_me":{"lapse":{}}},"customers":[{"identifiers":{"email":"a@x"}}]})",
         {"/steps"}},
        {R"({"steps":{},"customers":[{"identifiers":{"email":"a@x"}}]})", {"/steps"}},
        {R"({})", {"/customers"}},
        {R"({"customers":[]})", {"/customers"}},
        {R"({"customers":{}})", {"/customers"}},
        {R"({"customers":[1]})", {"/customers/0", "/customers/0/identifiers"}},
        {R"({"customers":[{}]})", {"/customers/0/identifiers", "/customers/0/identifiers"}},
        {R"({"customers":[{"identifiers":{}}]})", {"/customers/0/identifiers"}},
        {R"({"customers":[{"identifiers":{"mobile":"919800000000"}}]})", {"/customers/0/identifiers"}},
        {R"({"customers":[{"identifiers":{"email":"a@x","e-mail":"b"}}]})", {"/customers/0/identifiers"}},
        {R"({"customers":[{"identifiers":{"email":"a@x","email":"b@x"}}]})",
         {"/customers/0/identifiers/email"}},
        {R"({"customers":[{"identifiers":{"email":"a@x\r\nb"}}]})", {"/customers/0/identifiers/email"}},
        {R"({"customers":[{"identifiers":{"email":true}}]})", {"/customers/0/identifiers/email"}},
        {with_identifiers(R"("mobile":"91 98")"), {"/customers/0/identifiers/mobile"}},
        {with_identifiers(R"("mobile":"++91")"), {"/customers/0/identifiers/mobile"}},
        {with_identifiers(R"("capillary_id":1.5)"), {"/customers/0/identifiers/capillary_id"}},
        {with_identifiers(R"("capillary_id":-1)"), {"/customers/0/identifiers/capillary_id"}},
        {R"({"customers":[{"identifiers":{"email":"a@x"},"ref":""}]})", {"/customers/0/ref"}},
        {R"({"customers":[{"identifiers":{"email":"a@x"},"ref":7}]})", {"/customers/0/ref"}},
        {R"({"customers":[{"identifiers":{"email":"a@x"},"ref":"a@x"}]})", {"/customers/0/ref"}},
        {R"({"customers":[{"identifiers":{"email":"a@x"}}],"options":{"absent":"fine"}})",
         {"/options/absent"}},
        {R"({"customers":[{"identifiers":{"email":" a@x"}}]})", {"/customers/0/identifiers/email"}},
        {R"({"customers":[{"identifiers":{"email":"a"}}]})", {"/customers/0/identifiers/email"}},
        {R"({"customers":[{"identifiers":{"email":"a@x"},"ref":"x"},{"identifiers":{"email":"b@x"},"ref":"x"}]})",
         {"/customers/1/ref"}},
        {R"({"customers":[{"identifiers":{"email":"a@x"},"source":"PIGEON"}]})", {"/customers/0/source"}},
        {R"({"customers":[{"identifiers":{"email":"a@x"},"earn_ids":[]}]})", {"/customers/0/earn_ids"}},
        {R"({"customers":[{"identifiers":{"email":"a@x"},"earn_ids":[960,"963",0,960]}]})",
         {"/customers/0/earn_ids/1", "/customers/0/earn_ids/2", "/customers/0/earn_ids/3"}},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.text)
    BOOST_TEST(read(row.text).pointers == row.pointers, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_missing_identifier_names_every_customer_and_step_or_is_skipped) {
    const std::string customers =
        R"("customers":[{"identifiers":{"email":"a@x"}},{"identifiers":{"billing_order_id":"A-77"}}])";
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

/// Customers with as many earn ids each, and a plan of so many promotions, half a dry run's size as text.
std::string bulk(std::size_t customers, std::size_t earn_ids, std::size_t promotions, std::string_view kind) {
    std::string text = R"({"steps":{"capillary":{"revoke":[)";
    for (std::size_t p = 1; p <= promotions; ++p)
        text += std::string(p > 1 ? "," : "") + R"({"program_id":1,"promotion_id":)" + std::to_string(p) +
                R"(,"kind":")" + std::string(kind) + "\"}";
    text += R"(]}},"customers":[)";
    for (std::size_t c = 0; c < customers; ++c) {
        text += std::string(c > 0 ? "," : "") + R"({"identifiers":{"capillary_id":)" + std::to_string(c + 1) +
                "}";
        for (std::size_t e = 0; e < earn_ids; ++e)
            text += (e == 0 ? R"(,"earn_ids":[)" : ",") + std::to_string(e + 1);
        text += earn_ids > 0 ? "]}" : "}";
    }
    return text + "]}";
}

BOOST_AUTO_TEST_CASE(what_a_request_expands_to_is_bounded) {
    const std::vector<std::string> refused = {"/customers"};
    BOOST_TEST(read(bulk(1000, 0, 50, "enrol_and_issue")).pointers.empty()); // 100,000 steps
    BOOST_TEST(read(bulk(1000, 24, 50, "direct_issue")).pointers.empty());   // a weight of 98,000
    BOOST_TEST(read(bulk(1000, 26, 50, "direct_issue")).pointers == refused,
               boost::test_tools::per_element());
    BOOST_TEST(read(bulk(25, 1000, 50, "direct_issue")).pointers.empty()); // 1,250 steps and 50,000
    BOOST_TEST(read(bulk(60, 1000, 50, "direct_issue")).pointers == refused,
               boost::test_tools::per_element());
    std::string more = bulk(1000, 0, 50, "enrol_and_issue");
    more.replace(more.find(R"("capillary":{)"), 13, R"("mention_me":{"lapse":{}},"capillary":{)");
    more.replace(more.find(R"({"capillary_id":1})"), 18, R"({"capillary_id":1,"email":"a@x"})");
    more.replace(more.find(R"("customers")"), 11, R"("options":{"missing_identifier":"skip"},"customers")");
    BOOST_TEST(read(more).pointers == refused, boost::test_tools::per_element()); // 101,000 steps
}

BOOST_AUTO_TEST_CASE(reading_ends_where_no_more_faults_are_listed) {
    std::string text = R"({"customers":[{})";
    for (int i = 1; i < 1000; ++i)
        text += ",{}";
    const auto r = read(text + "]}");
    BOOST_TEST(r.pointers.size() == fault_list::most_faults + 1);
    BOOST_TEST(r.pointers.back().empty());
    BOOST_TEST(r.what.customers.size() < 200u);
}

BOOST_AUTO_TEST_CASE(the_nearest_plan_is_named) {
    json_fault broken;
    const auto body =
        parse_json(R"({"plan":"canceled","customers":[{"identifiers":{"email":"a@x"}}]})", broken);
    fault_list faults;
    api::read_offboarding(*body, settings(), faults);
    BOOST_REQUIRE(faults.all().size() == 1u);
    BOOST_TEST(faults.all()[0].detail ==
               "is not a plan of this gateway's configuration: the nearest is cancelled");
}

BOOST_AUTO_TEST_CASE(absent_is_ok_unless_the_request_or_its_plan_says_otherwise) {
    const std::string customers = R"("customers":[{"identifiers":{"email":"a@x"}}])";
    BOOST_TEST((read("{" + customers + "}").what.absent == absent_rule::ok));
    BOOST_TEST(
        (read(R"({"options":{"absent":"not_ok"},)" + customers + "}").what.absent == absent_rule::not_ok));
    const std::string steps = R"("steps":{"mention_me":{"lapse":{}},"options":{"absent":"not_ok"}},)";
    BOOST_TEST((read("{" + steps + customers + "}").what.absent == absent_rule::not_ok));
    BOOST_TEST((read("{" + steps + R"("options":{"absent":"ok"},)" + customers + "}").what.absent ==
                absent_rule::ok));
}

BOOST_AUTO_TEST_CASE(sources_are_sent_in_capitals_and_equal_lists_of_earns_are_equal) {
    const auto r =
        read(R"({"customers":[{"identifiers":{"email":"a@x"},"source":"Website","earn_ids":[963,960]}]})");
    BOOST_TEST(r.pointers.empty());
    BOOST_TEST(r.what.customers[0].source == "WEBSITE");
    BOOST_TEST((r.what.customers[0].earn_ids == std::vector<std::int64_t>{960, 963}));
}

BOOST_AUTO_TEST_CASE(a_lookup_takes_every_kind_of_identifier_as_a_request_does) {
    for (const identifier_kind k : all_identifier_kinds) {
        BOOST_TEST_CONTEXT(to_string(k)) {
            const auto r = look_up(
                lookup_of(to_string(k), k == identifier_kind::email ? R"("a@x")" : R"("919800000000")"));
            BOOST_TEST(r.pointers.empty());
            BOOST_TEST((r.who == identifier{k, k == identifier_kind::email ? "a@x" : "919800000000"}));
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
        {R"({"identifier":{"type":"email","value":"a@x","value":"jo@example.com"}})", {value}},
        {R"({"identifier":{"type":"email","value":"a@x"},"identifier":{"type":"email","value":"b@x"}})",
         {"/identifier"}},
        {lookup_of("email", R"("")"), {value}},
        {lookup_of("email", R"(" jo@example.com")"), {value}},
        {lookup_of("email", R"("jo")"), {value}},
        {lookup_of("mobile", R"("91")"), {value}},
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
