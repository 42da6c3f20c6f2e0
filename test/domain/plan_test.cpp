#include "offboard/domain/plan.hpp"

#include <boost/test/unit_test.hpp>

namespace domain_plan_test {

using namespace offboard;

namespace {

struct reading {
    offboard::plan plan;
    fault_list faults;
};

reading read(std::string_view text) {
    json_fault broken;
    const auto d = parse_json(text, broken);
    BOOST_REQUIRE_MESSAGE(d, text);
    reading out;
    out.plan = read_plan(*d, "/steps", out.faults);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(plan_suite)

BOOST_AUTO_TEST_CASE(a_whole_plan_is_read) {
    const auto r = read(R"({"mention_me":{"lapse":{}},
        "capillary":{"revoke":[{"program_id":2714,"promotion_id":"202779","kind":"enrol_and_issue"},
                               {"program_id":2714,"promo_identifier":"95c77d88","kind":"direct_issue"}],
                     "delink":{"partner_programs":["1stProgram","p3e1"]}},
        "billing":{"forget":{"keep":["country","email","member_note"]}},
        "options":{"erase_gate":"settled","missing_identifier":"skip","dry_run":true}})");
    BOOST_TEST(r.faults.empty());
    BOOST_TEST(r.plan.has(action::lapse));
    BOOST_REQUIRE_EQUAL(r.plan.revoke.size(), 2u);
    BOOST_TEST(r.plan.revoke[0].promotion_id == "202779");
    BOOST_TEST((r.plan.revoke[1].kind == promotion_kind::direct_issue));
    BOOST_TEST(r.plan.partner_programs.size() == 2u);
    BOOST_TEST(r.plan.has(action::forget));
    BOOST_TEST(r.plan.keep.size() == 3u);
    BOOST_TEST((*r.plan.defaults.erase_gate == erase_gate::settled));
    BOOST_TEST(*r.plan.defaults.dry_run);
}

BOOST_AUTO_TEST_CASE(every_fault_has_its_pointer) {
    const struct {
        std::string_view text, pointer;
    } rows[] = {
        {"[]", "/steps"},
        {"{}", "/steps"},
        {R"({"options":{}})", "/steps"},
        {R"({"mention_me":{}})", "/steps/mention_me"},
        {R"({"mention_me":{"laps":{}}})", "/steps/mention_me/laps"},
        {R"({"mention_me":{"lapse":true}})", "/steps/mention_me/lapse"},
        {R"({"mention_me":{"lapse":{"all":1}}})", "/steps/mention_me/lapse/all"},
        {R"({"capillary":{}})", "/steps/capillary"},
        {R"({"capillary":{"revoke":[]}})", "/steps/capillary/revoke"},
        {R"({"capillary":{"revoke":[{"promotion_id":"1","kind":"direct_issue"}]}})",
         "/steps/capillary/revoke/0/program_id"},
        {R"({"capillary":{"revoke":[{"program_id":"2714","promotion_id":"1","kind":"direct_issue"}]}})",
         "/steps/capillary/revoke/0/program_id"},
        {R"({"capillary":{"revoke":[{"program_id":1,"kind":"direct_issue"}]}})", "/steps/capillary/revoke/0"},
        {R"({"capillary":{"revoke":[{"program_id":1,"promotion_id":"1","promo_identifier":"x","kind":"direct_issue"}]}})",
         "/steps/capillary/revoke/0"},
        {R"({"capillary":{"revoke":[{"program_id":1,"promotion_id":"1"}]}})",
         "/steps/capillary/revoke/0/kind"},
        {R"({"capillary":{"revoke":[{"program_id":1,"promotion_id":"","kind":"direct_issue"}]}})",
         "/steps/capillary/revoke/0/promotion_id"},
        {R"({"capillary":{"revoke":[{"program_id":1,"promotion_id":0,"kind":"direct_issue"}]}})",
         "/steps/capillary/revoke/0/promotion_id"},
        {R"({"capillary":{"revoke":[{"program_id":1,"promotion_id":"-5","kind":"direct_issue"}]}})",
         "/steps/capillary/revoke/0/promotion_id"},
        {R"({"capillary":{"revoke":[{"program_id":1,"promotion_id":"summer","kind":"direct_issue"}]}})",
         "/steps/capillary/revoke/0/promotion_id"},
        {R"({"capillary":{"revoke":[{"program_id":-1,"promotion_id":"1","kind":"direct_issue"}]}})",
         "/steps/capillary/revoke/0/program_id"},
        {R"({"capillary":{"revoke":[{"program_id":1,"promotion_id":"1","kind":"direct_issue"},
                                    {"program_id":1,"promotion_id":"1","kind":"enrol_and_issue"}]}})",
         "/steps/capillary/revoke/1"},
        {R"({"capillary":{"delink":{}}})", "/steps/capillary/delink/partner_programs"},
        {R"({"capillary":{"delink":{"partner_programs":[]}}})", "/steps/capillary/delink/partner_programs"},
        {R"({"capillary":{"delink":{"partner_programs":["a","a"]}}})",
         "/steps/capillary/delink/partner_programs/1"},
        {R"({"billing":{"forget":{"keep":["country","mail"]}}})", "/steps/billing/forget/keep"},
        {R"({"billing":{"forget":{"keep":"country"}}})", "/steps/billing/forget/keep"},
        {R"({"billing":{"forget":{}},"billing":{"forget":{}}})", "/steps/billing"},
        {R"({"billing":{"forget":{}},"options":{"erase_gate":"open"}})", "/steps/options/erase_gate"},
        {R"({"billing":{"forget":{}},"options":{"absent":true}})", "/steps/options/absent"},
        {R"({"billing":{"forget":{}},"options":{"dry_run":"yes"}})", "/steps/options/dry_run"},
        {R"({"billing":{"forget":{}},"options":{"missing_identifier":1}})",
         "/steps/options/missing_identifier"},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.text) {
            const auto r = read(row.text);
            BOOST_REQUIRE_EQUAL(r.faults.all().size(), 1u);
            BOOST_TEST(r.faults.all()[0].pointer == row.pointer);
        }
    }
}

BOOST_AUTO_TEST_CASE(more_partner_programmes_than_the_vendor_takes_are_refused) {
    std::string names;
    for (int i = 0; i < 51; ++i)
        names += (i ? ",\"p" : "\"p") + std::to_string(i) + '"';
    const auto r = read(R"({"capillary":{"delink":{"partner_programs":[)" + names + "]}}}");
    BOOST_REQUIRE_EQUAL(r.faults.all().size(), 1u);
    BOOST_TEST(r.faults.all()[0].pointer == "/steps/capillary/delink/partner_programs");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace domain_plan_test
