#include "support.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_delink_test {

using namespace vendors_test;

namespace {

constexpr const char* delinked = "settle succeeded/delinked";
constexpr const char* contradictory = "settle unknown/contradictory_answer retryable acted";
constexpr const char* omitted = "settle unknown/vendor_omitted retryable acted";
constexpr const char* unreadable = "settle unknown/unreadable_answer retryable acted";
constexpr const char* absent = "settle absent/not_found";

const batch one = programmes({"1stProgram"});
const batch two = programmes({"1stProgram", "p3e1"});

const std::string found = R"({"status":true,"message":"Customer successfully retrieved","code":1000})";
const std::string done = R"({"status":true,"message":"Success","code":200})";

/// An answer in the current shape, or the older one.
std::string answer(bool older, const std::string& customer_status, const std::string& programme_items) {
    return std::string(R"({")") + (older ? "deLinkCustomers" : "customersPartnerUpdates") +
           R"(":[{"customer":{"id":382741349,"mobile":"916215000000","status":)" + customer_status +
           R"(},")" + (older ? "deLinkFromPartnerPrograms" : "partnerProgramUpdates") + R"(":[)" +
           programme_items + R"(]}],"warnings":[]})";
}

std::string item(bool older, const std::string& name, const std::string& status) {
    return R"({"partnerProgramName":")" + name + R"(",")" + (older ? "partnerDeLinkStatus" : "updateStatus") +
           R"(":)" + status + "}";
}

std::string failed(int code, const std::string& message = "m") {
    return R"({"status":false,"message":")" + message + R"(","code":)" + std::to_string(code) + "}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(capillary_delink)

BOOST_AUTO_TEST_CASE(the_documented_answer_settles_what_it_names_and_nothing_else) {
    const auto v = decode(two, response(200, R"({"customersPartnerUpdates":[{"customer":{"id":382741349,
        "mobile":"916215000000","email":"[email protected]","externalId":"X916215000000","status":{"status":true,
        "message":"Customer successfully retrieved","code":1000}},"partnerProgramUpdates":[{"partnerProgramName":"1stProgram",
        "updateType":"UPGRADE","updateStatus":{"status":true,"message":"Success","code":200}}]}],"warnings":[]})"),
                          {});
    BOOST_TEST(show(v) == std::string(delinked) + " | " + omitted);
    BOOST_TEST(v[0].result.vendor.entity_id.value() == 382741349);
}

BOOST_AUTO_TEST_CASE(every_programme_status_in_both_shapes) {
    struct {
        const char* name;
        std::string status;
        const char* verdict;
    } const rows[] = {
        {"done", done, delinked},
        {"2.7.3: code as text", R"({"status":true,"code":"200"})", delinked},
        {"2001", failed(2001), "retry failed/vendor_error retryable acted"},
        {"2002", failed(2002), "settle failed/refused"},
        {"2003", failed(2003), "settle failed/refused"},
        {"2004", failed(2004), "settle succeeded/already_delinked"},
        {"2005 enrol", failed(2005, "ENROL in loyalty first"), "settle failed/not_enrolled"},
        {"2005 linked", failed(2005, "Customer already Linked"), "settle failed/already_linked"},
        {"2005 neither", failed(2005, "no"), "settle failed/refused"},
        {"2006", failed(2006), "settle failed/programme_not_found"},
        {"2007", failed(2007), "settle failed/programme_tier_not_found"},
        {"2008", failed(2008), "settle failed/too_many_programmes"},
        {"2009", failed(2009), "settle failed/refused"},
        {"2010", failed(2010), "retry unknown/outcome_unknown retryable acted"},
        {"521", failed(521), "later failed/vendor_busy retryable"},
        {"of the other call", failed(8903), "settle failed/refused"},
        {"not known", failed(77), "settle failed/refused"},
        {"2.6: false, but 200", failed(200), contradictory},
        {"true, but not 200", R"({"status":true,"code":2004})", contradictory},
        {"no status", R"({"code":200})", contradictory},
        {"no code", R"({"status":true})", contradictory},
        {"failed without a code", R"({"status":false,"message":"m"})", contradictory},
        {"status as text", R"({"status":"true","code":200})", contradictory},
        {"null", "null", contradictory},
        {"no object", "5", contradictory},
    };
    for (const bool older : {false, true})
        for (const auto& r : rows)
            BOOST_TEST_CONTEXT(r.name << (older ? ", older shape" : "")) {
                BOOST_TEST(decoded(one, 200, answer(older, found, item(older, "1stProgram", r.status))) ==
                           r.verdict);
                const std::string both =
                    item(older, "p3e1", done) + "," + item(older, "1stProgram", r.status);
                BOOST_TEST(decoded(two, 200, answer(older, found, both)) ==
                           std::string(r.verdict) + " | " + delinked);
            }
}

BOOST_AUTO_TEST_CASE(the_failing_sample_of_the_sibling_call) {
    const auto v = decode(
        one,
        response(200,
                 answer(false, found,
                        item(false, "1stProgram",
                             R"({"status":false,"code":2001,"message":"partner program event failed"})"))),
        {});
    BOOST_TEST(show(v) == "retry failed/vendor_error retryable acted");
    BOOST_TEST(v[0].result.vendor.code.value() == 2001);
    BOOST_TEST(v[0].result.vendor.message == "partner program event failed");
}

BOOST_AUTO_TEST_CASE(the_customer_s_own_status) {
    struct {
        const char* name;
        std::string customer;
        std::string items;
        const char* verdict;
    } const rows[] = {
        {"1011", failed(1011), "", absent},
        {"1012", failed(1012), "", absent},
        {"1013", failed(1013), "", absent},
        {"8015", failed(8015), "", absent},
        {"8015 and a failed programme", failed(8015), item(false, "1stProgram", failed(2001)), absent},
        {"another", failed(77), "", "settle failed/refused"},
        {"not now", failed(4001), "", "later failed/vendor_busy retryable"},
        {"failed, but a programme is done", failed(8015), item(false, "1stProgram", done), contradictory},
        {"failed, but another programme is done", failed(8015), item(false, "other", done), contradictory},
        {"failed, but 1000", failed(1000), "", contradictory},
        {"not linked, of no programme", failed(2004), "", contradictory},
        {"failed without a code", R"({"status":false})", "", contradictory},
        {"found, but not 1000", R"({"status":true,"code":200})", item(false, "1stProgram", done),
         contradictory},
        {"missing, done", "null", item(false, "1stProgram", done), contradictory},
        {"missing, already delinked", "null", item(false, "1stProgram", failed(2004)), contradictory},
        {"missing, failed", "null", item(false, "1stProgram", failed(2006)),
         "settle failed/programme_not_found"},
        {"found, no programme", found, "", omitted},
    };
    for (const auto& r : rows)
        BOOST_TEST_CONTEXT(r.name) {
            BOOST_TEST(decoded(one, 200, answer(false, r.customer, r.items)) == r.verdict);
        }
}

BOOST_AUTO_TEST_CASE(names_are_exact_and_named_once) {
    const auto items = [](const std::string& text) { return decoded(one, 200, answer(false, found, text)); };
    BOOST_TEST(items(item(false, "1STPROGRAM", done)) == omitted);
    BOOST_TEST(items(item(false, " 1stProgram", done)) == omitted);
    BOOST_TEST(items(item(false, "1stProgram", done) + "," + item(false, "1stProgram", done)) == delinked);
    BOOST_TEST(items(item(false, "1stProgram", done) + "," + item(false, "1stProgram", failed(2001))) ==
               contradictory);
    BOOST_TEST(items(R"({"partnerProgramName":"1stProgram","updateStatus":)" + done +
                     R"(,"partnerDeLinkStatus":)" + failed(2001) + "}") == contradictory);
    BOOST_TEST(items(R"(5,null,{},{"partnerProgramName":5})") == omitted);
}

BOOST_AUTO_TEST_CASE(the_whole_answer) {
    const std::string good = answer(false, found, item(false, "1stProgram", done));
    const std::string old = answer(true, found, item(true, "1stProgram", done));
    struct {
        const char* name;
        unsigned status;
        std::string body;
        const char* verdict;
    } const rows[] = {
        {"2.7.1: any status", 201, good, delinked},
        {"2.7.1: any status", 500, good, delinked},
        {"2.6: {} on 400", 400, "{}", "settle failed/rejected"},
        {"2.6: {} on 200", 200, "{}", unreadable},
        {"nobody", 200, R"({"customersPartnerUpdates":[]})", unreadable},
        {"null", 200, R"({"customersPartnerUpdates":null})", unreadable},
        {"of no shape", 200, R"({"customersPartnerUpdates":{}})", unreadable},
        {"customer of no shape", 200, R"({"customersPartnerUpdates":[5]})", unreadable},
        {"programmes of no shape", 200,
         R"({"customersPartnerUpdates":[{"customer":{},"partnerProgramUpdates":{}}]})", unreadable},
        {"two customers", 200, R"({"customersPartnerUpdates":[{},{}]})", unreadable},
        {"both shapes", 200, R"({"customersPartnerUpdates":[{}],"deLinkCustomers":[{}]})", unreadable},
        {"both shapes, warnings twice", 200, good.substr(0, good.size() - 1) + "," + old.substr(1),
         contradictory},
        {"errors beside a success", 200, good.substr(0, good.size() - 1) + R"(,"errors":[{"code":2001}]})",
         contradictory},
        {"envelope: denied", 403, R"({"warnings":[],"errors":[{"code":4000}]})",
         "settle failed/vendor_auth retryable"},
        {"envelope: unavailable", 503, R"({"errors":[{"code":4001}]})", "later failed/vendor_busy retryable"},
        {"envelope: customer", 400, R"({"errors":[{"code":1011}]})", absent},
        {"envelope: 8015", 400, R"({"errors":[{"code":8015}]})", absent},
        {"envelope: not linked, of no programme", 200, R"({"errors":[{"code":2004}]})", contradictory},
        {"envelope: not known under a 5xx", 500, R"({"errors":[{"code":7}]})",
         "retry failed/vendor_error retryable acted"},
        {"429", 429, "", "later failed/rate_limited retryable"},
        {"404", 404, "", "settle failed/ambiguous_404 retryable"},
    };
    for (const auto& r : rows)
        BOOST_TEST_CONTEXT(r.name) {
            BOOST_TEST(decoded(one, r.status, r.body) == r.verdict);
        }
}

BOOST_AUTO_TEST_CASE(an_envelope_for_several_programmes) {
    const auto both = [](const char* code) {
        return decoded(two, 400, std::string(R"({"errors":[{"code":)") + code + "}]}");
    };
    BOOST_TEST(both("8015") == std::string(absent) + " | " + absent);
    BOOST_TEST(both("1012") == std::string(absent) + " | " + absent);
    BOOST_TEST(both("2008") == "settle failed/too_many_programmes | settle failed/too_many_programmes");
    BOOST_TEST(both("2006") == "isolate unknown/ambiguous_answer retryable acted | isolate "
                               "unknown/ambiguous_answer retryable acted");
    BOOST_TEST(both("77") == "isolate failed/rejected | isolate failed/rejected");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_delink_test
