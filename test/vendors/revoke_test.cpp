#include "support.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_revoke_test {

using namespace vendors_test;

namespace {

constexpr const char* revoked = "settle succeeded/revoked";
constexpr const char* unreadable = "settle unknown/unreadable_answer retryable acted";
constexpr const char* unconfirmed = "settle unknown/unconfirmed retryable acted";

const batch earn = capillary_ids(action::revoke_earn, {"423927867"});
const batch enrol = capillary_ids(action::revoke_enrol, {"423927867"});
const batch some =
    batch_of(action::revoke_earn, {who(identifier_kind::capillary_id, "423927867", {960, 963})});

batch again(batch b) {
    b.places[0].acted_before = true;
    return b;
}

std::string response_of(const std::string& entry) {
    return R"({"response":[)" + entry + R"(],"totalCount":1,"failureCount":0})";
}

std::string failed_with(int code, const char* message = "m") {
    return response_of(R"({"errors":[{"status":false,"message":")" + std::string(message) + R"(","code":)" +
                       std::to_string(code) + R"(}],"warnings":[]})");
}

vendor_detail detail(const batch& b, const std::string& body) {
    return decode(b, response(200, body), {})[0].result.vendor;
}

} // namespace

BOOST_AUTO_TEST_SUITE(capillary_revoke_alone)

BOOST_AUTO_TEST_CASE(every_code_of_the_table) {
    struct {
        int code;
        const char* earn;
        const char* enrol;
        const char* some;
        const char* some_again;
    } const rows[] = {
        {401, "settle failed/vendor_auth retryable", "", "", ""},
        {403, "settle failed/vendor_auth retryable", "", "", ""},
        {429, "later failed/rate_limited retryable", "", "", ""},
        {461, "later failed/rate_limited retryable", "", "", ""},
        {500, "retry failed/vendor_error retryable acted", "", "", ""},
        {503, "later failed/vendor_busy retryable", "", "", ""},
        {521, "later failed/vendor_busy retryable", "", "", ""},
        {1060, "settle failed/batch_refused", "", "", ""},
        {1101, "settle failed/program_invalid", "", "", ""},
        {1212, "settle failed/entity_type_invalid", "", "", ""},
        {2305, "settle succeeded/already_revoked", "", "settle failed/earn_ids_invalid",
         "settle unknown/earns_unconfirmed retryable"},
        {4000, "settle failed/vendor_auth retryable", "", "", ""},
        {4001, "later failed/vendor_busy retryable", "", "", ""},
        {8015, "settle absent/not_found", "", "", ""},
        {8874, "settle failed/promotion_invalid", "", "", ""},
        {8881, "settle failed/promotion_missing", "", "", ""},
        {8892, "settle failed/promotion_inactive", "", "", ""},
        {8896, "settle failed/vendor_error retryable", "", "", ""},
        {8899, "settle failed/user_group_refused", "", "", ""},
        {8901, "settle failed/entity_type_invalid", "", "", ""},
        {8902, "settle failed/not_supported", "settle skipped/not_applicable", "settle failed/not_supported",
         "settle failed/not_supported"},
        {8903, "settle succeeded/already_revoked", "", "settle failed/earn_ids_invalid",
         "settle unknown/earns_unconfirmed retryable"},
        {11013, "settle failed/identifier_missing", "", "", ""},
        // Not of this call: a number that means something elsewhere means nothing here.
        {1011, "settle failed/refused", "", "", ""},
        {2004, "settle failed/refused", "", "", ""},
        {8890, "settle failed/refused", "", "", ""}, // a warning elsewhere
        {99999, "settle failed/refused", "", "", ""},
    };
    const auto or_first = [](const char* own, const char* first) { return *own == '\0' ? first : own; };
    for (const auto& r : rows) {
        BOOST_TEST_CONTEXT(r.code) {
            BOOST_TEST(decoded(earn, 200, failed_with(r.code)) == r.earn);
            BOOST_TEST(decoded(enrol, 200, failed_with(r.code)) == or_first(r.enrol, r.earn));
            BOOST_TEST(decoded(some, 200, failed_with(r.code)) == or_first(r.some, r.earn));
            BOOST_TEST(decoded(again(some), 200, failed_with(r.code)) == or_first(r.some_again, r.earn));
            // 2.7.1: the same under any HTTP status.
            for (const unsigned status : {201U, 400U, 500U})
                BOOST_TEST(decoded(earn, status, failed_with(r.code)) == r.earn);
            BOOST_TEST(detail(earn, failed_with(r.code)).code.value() == r.code);
            BOOST_TEST(detail(earn, failed_with(r.code)).message == "m");
        }
    }
}

BOOST_AUTO_TEST_CASE(the_vendor_s_samples_of_one_entry) {
    BOOST_TEST(decoded(capillary_ids(action::revoke_earn, {"423927848"}), 200, R"({"response":[{"result":{
        "entityType":"CUSTOMER","entityId":423927848,"promoIdentifier":"1d9e540d-ae2c-443f-9d0d-7ac146bf93f2",
        "programId":2714,"revokedEarnIds":[957]},"errors":[],"warnings":[]}],"totalCount":1,"failureCount":0})") ==
               revoked);
    struct {
        const char* body;
        const char* verdict;
    } const samples[] = {
        {R"({"response":[{"errors":[{"status":false,"message":"revoke bulk action passed not supported for loyalty/generic promotion type","code":8902}],"warnings":[]}],"totalCount":1,"failureCount":1})",
         "settle skipped/not_applicable"},
        {R"({"response":[{"errors":[{"status":false,"message":"invalid programId passed","code":1101}],"warnings":[]}],"totalCount":1,"failureCount":1})",
         "settle failed/program_invalid"},
        {R"({"response":[{"errors":[{"status":false,"message":"promotion is inactive","code":8892}],"warnings":[]}],"totalCount":1,"failureCount":1})",
         "settle failed/promotion_inactive"},
        {R"({"response":[{"errors":[{"status":false,"code":8874,"message":"promotion id passed is invalid"}],"warnings":[]}],"totalCount":1,"failureCount":1})",
         "settle failed/promotion_invalid"},
        {R"({"response":[{"errors":[{"status":false,"message":"Error occurred while issuing promotion to the customer","code":8896}],"warnings":[]}],"totalCount":1,"failureCount":1})",
         "settle failed/vendor_error retryable"},
        {R"({"response":[{"errors":[{"status":false,"message":"invalid entity type passed","code":8901}],"warnings":[]}],"totalCount":1,"failureCount":1})",
         "settle failed/entity_type_invalid"},
    };
    for (const auto& s : samples)
        BOOST_TEST(decoded(enrol, 200, s.body) == s.verdict);
}

BOOST_AUTO_TEST_CASE(what_proves_a_revocation) {
    struct {
        const char* name;
        const batch& what;
        const char* entry;
        const char* verdict;
    } const rows[] = {
        {"earns", earn,
         R"({"result":{"entityId":423927867,"revokedEarnIds":[974]},"errors":[],"warnings":[]})", revoked},
        {"2.7.3: lists missing", earn, R"({"result":{"entityId":423927867,"revokedEarnIds":[974]}})",
         revoked},
        {"2.7.3: lists null", earn,
         R"({"result":{"entityId":423927867,"revokedEarnIds":[974]},"errors":null,"warnings":null})",
         revoked},
        {"2.7.6: text and beyond 32 bits", earn,
         R"({"result":{"entityId":"423927867","revokedEarnIds":["9007199254740993"]}})", revoked},
        {"no earns", earn, R"({"result":{"entityId":423927867,"revokedEarnIds":[]}})", unconfirmed},
        {"null earns", earn, R"({"result":{"entityId":423927867,"revokedEarnIds":null}})", unconfirmed},
        {"earns of no shape", earn, R"({"result":{"entityId":423927867,"revokedEarnIds":[974,null]}})",
         unconfirmed},
        {"earns that are nought", earn, R"({"result":{"entityId":423927867,"revokedEarnIds":[0]}})",
         unconfirmed},
        {"earns beyond 64 bits", earn,
         R"({"result":{"entityId":423927867,"revokedEarnIds":[99999999999999999999]}})", unconfirmed},
        {"earns are not a list", earn, R"({"result":{"entityId":423927867,"revokedEarnIds":974}})",
         unconfirmed},
        {"an issual is no earn", earn, R"({"result":{"entityId":423927867,"issualId":"847"}})", unconfirmed},
        {"revokedIssualId", enrol, R"({"result":{"entityId":423927867,"revokedIssualId":847}})", revoked},
        {"issualId as text", enrol, R"({"result":{"entityId":423927867,"issualId":"847"}})", revoked},
        {"issualId of no number", enrol, R"({"result":{"entityId":423927867,"issualId":"x"}})", unconfirmed},
        {"issualId nought", enrol, R"({"result":{"entityId":423927867,"issualId":0}})", unconfirmed},
        {"an earn is no issual", enrol, R"({"result":{"entityId":423927867,"revokedEarnIds":[974]}})",
         unconfirmed},
        {"2.5: warning 8890 and no id", earn,
         R"({"result":{"entityId":423927867},"errors":[],"warnings":[{"status":false,"code":8890,"message":"limit"}]})",
         "settle failed/not_applied"},
        {"warning 8890 and an id", earn,
         R"({"result":{"entityId":423927867,"revokedEarnIds":[974]},"warnings":[{"code":8890}]})", revoked},
        {"another warning", earn, R"({"result":{"entityId":423927867},"warnings":[{"code":8891}]})",
         unconfirmed},
        {"another customer", earn, R"({"result":{"entityId":423927868,"revokedEarnIds":[974]}})",
         "settle unknown/entity_mismatch retryable acted"},
        {"nobody named", earn, R"({"result":{"revokedEarnIds":[974]}})", revoked},
        {"all that was asked", some, R"({"result":{"entityId":423927867,"revokedEarnIds":[963,960]}})",
         revoked},
        {"2.5: a part of what was asked", some, R"({"result":{"entityId":423927867,"revokedEarnIds":[960]}})",
         "settle unknown/earns_unconfirmed retryable acted"},
        {"2.7.4: a result and an error", earn,
         R"({"result":{"entityId":423927867,"revokedEarnIds":[974]},"errors":[{"code":8892}]})",
         "settle failed/promotion_inactive acted"},
        {"a result and an error that would be OK", earn,
         R"({"result":{"entityId":423927867,"revokedEarnIds":[974]},"errors":[{"code":8015}]})",
         "settle unknown/contradictory_answer retryable acted"},
        {"2.7.3: code as text", earn, R"({"errors":[{"code":"8015"}]})", "settle absent/not_found"},
        {"2.7.3: several errors, the first decides", earn, R"({"errors":[{"code":8892},{"code":1101}]})",
         "settle failed/promotion_inactive"},
        {"several errors, one less certain", earn, R"({"errors":[{"code":8015},{"code":8896}]})",
         "settle failed/vendor_error retryable"},
        {"an error without a code", earn, R"({"errors":["no"]})", "settle failed/refused"},
        {"errors of no shape", earn, R"({"result":{"revokedEarnIds":[974]},"errors":{}})", unreadable},
        {"result of no shape", earn, R"({"result":[]})", unreadable},
        {"neither result nor errors", earn, "{}", unconfirmed},
        {"no object", earn, "5", unreadable},
    };
    for (const auto& r : rows)
        BOOST_TEST_CONTEXT(r.name) {
            BOOST_TEST(decoded(r.what, 200, response_of(r.entry)) == r.verdict);
        }
}

BOOST_AUTO_TEST_CASE(what_the_vendor_tells_is_kept) {
    const auto done =
        detail(earn, response_of(R"({"result":{"entityId":423927867,"revokedEarnIds":[975,"977"]}})"));
    BOOST_TEST(done.entity_id.value() == 423927867);
    BOOST_TEST((done.revoked_earn_ids == std::vector<std::int64_t>{975, 977}));
    BOOST_TEST(detail(enrol, response_of(R"({"result":{"entityId":1,"issualId":"847"}})"))
                   .revoked_issual_id.value() == 847);
    const auto part =
        detail(some, response_of(R"({"result":{"entityId":423927867,"revokedEarnIds":[960]}})"));
    BOOST_TEST((part.revoked_earn_ids == std::vector<std::int64_t>{960}));
    const auto failed = detail(
        earn,
        response_of(R"({"result":{"revokedEarnIds":[974]},"errors":[{"code":8892,"message":"inactive"}]})"));
    BOOST_TEST((failed.revoked_earn_ids == std::vector<std::int64_t>{974}));
    BOOST_TEST(failed.code.value() == 8892);
    BOOST_TEST(detail(earn, response_of(R"({"warnings":[{"code":8890}]})")).code.value() == 8890);
}

BOOST_AUTO_TEST_CASE(counts_that_disagree_are_not_believed) {
    BOOST_TEST(
        decoded(
            earn, 200,
            R"({"response":[{"result":{"entityId":423927867,"revokedEarnIds":[1]}}],"totalCount":9,"failureCount":9})") ==
        revoked);
}

BOOST_AUTO_TEST_CASE(the_whole_answer) {
    struct {
        const char* name;
        unsigned status;
        const char* body;
        const char* verdict;
    } const rows[] = {
        {"2.7.2: no entry", 200, R"({"response":[]})", unreadable},
        {"2.7.2: response null", 200, R"({"response":null})", unreadable},
        {"2.7.2: response missing", 200, "{}", unreadable},
        {"2.7.2: response of no shape", 200, R"({"response":{}})", unreadable},
        {"2.7.2: two entries for one", 200,
         R"({"response":[{"errors":[{"code":8015}]},{"errors":[{"code":8015}]}]})", unreadable},
        {"two entries, one fault of the request", 200,
         R"({"response":[{"errors":[{"code":8892}]},{"errors":[{"code":8892}]}]})",
         "settle failed/promotion_inactive"},
        {"no entry under a 429", 429, R"({"response":[]})", "later failed/rate_limited retryable"},
        {"2.3: access denied", 403,
         R"({"warnings":[],"errors":[{"status":false,"code":4000,"message":"Not authorized. Access is denied!"}]})",
         "settle failed/vendor_auth retryable"},
        {"2.3: authorisation unavailable", 503, R"({"errors":[{"code":4001}]})",
         "later failed/vendor_busy retryable"},
        {"2.3: search engine busy", 200, R"({"errors":[{"code":461}]})",
         "later failed/rate_limited retryable"},
        {"2.3: other actions running", 200, R"({"errors":[{"code":521}]})",
         "later failed/vendor_busy retryable"},
        {"batch limit", 400, R"({"errors":[{"code":1060}]})", "settle failed/batch_refused"},
        {"no such customer", 400, R"({"errors":[{"code":8015}]})", "settle absent/not_found"},
        {"an unknown code under a 2xx", 200, R"({"errors":[{"code":7}]})", "settle failed/refused"},
        {"an unknown code under a 5xx", 502, R"({"errors":[{"code":7}]})",
         "retry failed/vendor_error retryable acted"},
        {"an unknown code under a 401", 401, R"({"errors":[{"code":7}]})",
         "settle failed/vendor_auth retryable"},
        {"2.7.7: no errors", 401, R"({"errors":[]})", "settle failed/vendor_auth retryable"},
        {"2.7.8: 429 without a hint", 429, "", "later failed/rate_limited retryable"},
        {"2.7.9: fault", 500, "", "retry failed/vendor_error retryable acted"},
        {"edge page", 502, "<html>", "retry failed/vendor_error retryable acted"},
    };
    for (const auto& r : rows)
        BOOST_TEST_CONTEXT(r.name) {
            BOOST_TEST(decoded(earn, r.status, r.body) == r.verdict);
        }
    BOOST_TEST(decoded(some, 502, "<html>") == "retry failed/vendor_error retryable acted");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_revoke_test
