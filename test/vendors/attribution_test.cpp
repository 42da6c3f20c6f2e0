#include "support.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_attribution_test {

using namespace vendors_test;

namespace {

constexpr const char* revoked = "settle succeeded/revoked";
constexpr const char* absent = "settle absent/not_found";
constexpr const char* again = "isolate unknown/ambiguous_answer retryable"; // nothing can have been done
constexpr const char* doubtful =
    "isolate unknown/ambiguous_answer retryable acted"; // something may have been

batch by(identifier_kind kind, std::initializer_list<const char*> values) {
    batch b = batch_of(action::revoke_earn, {});
    for (const char* v : values)
        b.places.push_back(who(kind, v));
    return b;
}
const batch ids = by(identifier_kind::capillary_id, {"555567088", "555567089", "555567090"});
const batch mobiles = by(identifier_kind::mobile, {"49151", "49152", "49153"});

std::string ok(int id, int earn = 111) {
    return R"({"result":{"entityType":"CUSTOMER","entityId":)" + std::to_string(id) +
           R"(,"revokedEarnIds":[)" + std::to_string(earn) + R"(]},"errors":[],"warnings":[]})";
}
std::string no(int code, const char* message = "m") {
    return R"({"errors":[{"status":false,"message":")" + std::string(message) + R"(","code":)" +
           std::to_string(code) + R"(}],"warnings":[]})";
}
std::string all(std::initializer_list<std::string> entries) {
    std::string out = R"({"response":[)";
    for (const std::string& e : entries)
        out.append(out.back() == '[' ? "" : ",").append(e);
    return out + "]}";
}
std::string three(const std::string& a, const std::string& b, const std::string& c) {
    return a + " | " + b + " | " + c;
}
std::string three(const std::string& a) {
    return three(a, a, a);
}

} // namespace

BOOST_AUTO_TEST_SUITE(capillary_revoke_attribution)

BOOST_AUTO_TEST_CASE(the_vendor_s_partial_success_is_told_apart_by_id) {
    const char* sample =
        R"({"response":[{"result":{"entityType":"CUSTOMER","entityId":555567088,"promotionId":74230,
        "programId":753,"revokedEarnIds":[111]},"errors":[],"warnings":[]},
        {"errors":[{"status":false,"message":"Customer not found for the given identifiers","code":8015}],"warnings":[]},
        {"errors":[{"status":false,"message":"Customer not found for the given identifiers","code":8015}],"warnings":[]}],
        "totalCount":3,"failureCount":2})";
    BOOST_TEST(decoded(ids, 200, sample) == three(revoked, absent, absent));
    BOOST_TEST(decoded(mobiles, 200, sample) == three(doubtful));
}

BOOST_AUTO_TEST_CASE(the_vendor_s_samples_of_several) {
    batch four = by(identifier_kind::capillary_id, {"423926198", "423926199", "423926200", "423926201"});
    four.what = action::revoke_enrol;
    const auto entry = [](const char* id, const char* issual) {
        return R"({"result":{"entityType":"CUSTOMER","entityId":)" + std::string(id) +
               R"(,"promotionId":202188,"programId":2714,"issualId":")" + issual +
               R"("},"errors":[],"warnings":[]})";
    };
    const auto v = decode(four,
                          response(200, all({entry("423926199", "847"), entry("423926198", "848"),
                                             entry("423926200", "849"), entry("423926201", "850")})),
                          {});
    BOOST_TEST(show(v) == three(revoked) + " | " + revoked);
    BOOST_TEST(v[0].result.vendor.revoked_issual_id.value() == 848);
    BOOST_TEST(v[1].result.vendor.revoked_issual_id.value() == 847);

    const auto two =
        decode(by(identifier_kind::capillary_id, {"423927867", "423927868"}), response(200, R"({"response":[
        {"result":{"entityType":"CUSTOMER","entityId":423927867,"promoIdentifier":"95c77d88-470c-4dd3-bde4-606ae1b64277",
         "programId":2714,"revokedEarnIds":[974]},"errors":[],"warnings":[]},
        {"result":{"entityType":"CUSTOMER","entityId":423927868,"promoIdentifier":"95c77d88-470c-4dd3-bde4-606ae1b64277",
         "programId":2714,"revokedEarnIds":[975,977]},"errors":[],"warnings":[]}],"totalCount":2,"failureCount":0})"),
               {});
    BOOST_TEST(show(two) == std::string(revoked) + " | " + revoked);
    BOOST_TEST((two[1].result.vendor.revoked_earn_ids == std::vector<std::int64_t>{975, 977}));
}

BOOST_AUTO_TEST_CASE(by_id) {
    const int a = 555567088, b = 555567089, c = 555567090;
    struct {
        const char* name;
        std::string body;
        std::string verdicts;
    } const rows[] = {
        {"any order", all({ok(c), ok(a), ok(b)}), three(revoked)},
        {"one failure left", all({no(8892), ok(a), ok(c)}),
         three(revoked, "settle failed/promotion_inactive", revoked)},
        {"two failures of one code", all({no(8015), ok(b), no(8015)}), three(absent, revoked, absent)},
        {"two failures of two codes", all({no(8015), ok(b), no(8903)}), three(again, revoked, again)},
        {"one of them says little", all({no(8015), ok(b), no(8896)}), three(doubtful, revoked, doubtful)},
        {"one of them is not known", all({no(8015), ok(b), no(77)}), three(doubtful, revoked, doubtful)},
        {"2.7.2: fewer entries", all({ok(b), no(8015)}), three(doubtful, revoked, doubtful)},
        {"2.7.2: more entries", all({ok(a), ok(b), no(8015), no(8015)}), three(revoked, revoked, doubtful)},
        {"2.7.2: a success of nobody's", all({ok(a), ok(7), no(8015)}), three(revoked, doubtful, doubtful)},
        {"2.7.2: two for one", all({ok(a), ok(a), ok(b)}), three(doubtful, revoked, doubtful)},
        {"2.7.2: two for one and a failure", all({ok(a), ok(a), no(8015)}), three(doubtful)},
        {"an empty success of nobody's", all({ok(a), ok(b), R"({"result":{}})"}),
         three(revoked, revoked, doubtful)},
        {"an empty success of somebody's", all({ok(a), ok(b), R"({"result":{"entityId":555567090}})"}),
         three(revoked, revoked, "settle unknown/unconfirmed retryable acted")},
        {"an entry of no shape", all({ok(a), "5", no(8015)}), three(revoked, doubtful, doubtful)},
        {"2.5.3: one fault of the request", all({no(1101)}), three("settle failed/program_invalid")},
        {"2.5.3: the same for each", all({no(1101), no(1101), no(1101)}),
         three("settle failed/program_invalid")},
        {"2.5.3: one fault of a customer", all({no(8015)}), three(doubtful)},
        {"2.5.3: 8896", all({no(8896)}), three(doubtful)},
        {"2.5.3: 8903", all({no(8903)}), three(doubtful)},
        {"2.5.3: 2305", all({no(2305)}), three(doubtful)},
        {"2.5.3: not known", all({no(77)}), three(doubtful)},
        {"2.5.3: 1060", all({no(1060)}), three("isolate failed/batch_refused")},
        {"not now", all({no(4001)}), three("later failed/vendor_busy retryable")},
        {"not now, each", all({no(521), no(521), no(521)}), three("later failed/vendor_busy retryable")},
        {"all fail alike", all({no(8015), no(8015), no(8015)}), three(absent)},
        {"all fail alike, without a code",
         all({R"({"errors":[{}]})", R"({"errors":[{}]})", R"({"errors":[{}]})"}),
         three("settle failed/refused")},
        {"no entry", all({}), three(doubtful)},
    };
    for (const auto& r : rows)
        BOOST_TEST_CONTEXT(r.name) {
            BOOST_TEST(decoded(ids, 200, r.body) == r.verdicts);
        }
}

BOOST_AUTO_TEST_CASE(by_mobile_or_email) {
    struct {
        const char* name;
        std::string body;
        std::string verdicts;
    } const rows[] = {
        {"everybody", all({ok(1), ok(2), ok(3)}), three(revoked)},
        {"everybody, but two are one", all({ok(1), ok(2), ok(2)}), three(doubtful)},
        {"everybody, one unnamed", all({ok(1), ok(2), R"({"result":{"revokedEarnIds":[1]}})"}),
         three(doubtful)},
        {"fewer", all({ok(1), ok(2)}), three(doubtful)},
        {"all fail alike", all({no(8015), no(8015), no(8015)}), three(absent)},
        {"all fail, in two ways", all({no(8015), no(8015), no(8903)}), three(again)},
        {"one succeeds", all({ok(1), no(8015), no(8015)}), three(doubtful)},
        {"one entry of the request", all({no(8892)}), three("settle failed/promotion_inactive")},
        {"one entry of a customer", all({no(8015)}), three(doubtful)},
        {"one entry with a result", all({ok(1)}), three(doubtful)},
    };
    for (const auto kind : {identifier_kind::mobile, identifier_kind::email}) {
        batch b = mobiles;
        for (place& p : b.places)
            p.who.kind = kind;
        for (const auto& r : rows)
            BOOST_TEST_CONTEXT(r.name) {
                BOOST_TEST(decoded(b, 200, r.body) == r.verdicts);
            }
    }
}

BOOST_AUTO_TEST_CASE(nobody_is_given_the_ids_of_another) {
    for (const verdict& v : decode(mobiles, response(200, all({ok(1, 5), ok(2, 6), ok(3, 7)})), {}))
        BOOST_TEST(v.result.vendor.empty());
}

BOOST_AUTO_TEST_CASE(named_earns_cannot_be_checked_when_nobody_is_named) {
    batch b = mobiles;
    b.places[1].earn_ids = {6};
    BOOST_TEST(decoded(b, 200, all({ok(1, 5), ok(2, 6), ok(3, 7)})) == three(doubtful));
}

BOOST_AUTO_TEST_CASE(each_place_has_its_own_reading_of_a_shared_code) {
    batch b = ids;
    b.places[0].earn_ids = {5};
    b.places[1].earn_ids = {6};
    b.places[1].acted_before = true;
    BOOST_TEST(decoded(b, 200, all({no(8903), no(8903), no(8903)})) ==
               three("settle failed/earn_ids_invalid", "settle unknown/earns_unconfirmed retryable",
                     "settle succeeded/already_revoked"));
}

BOOST_AUTO_TEST_CASE(words_of_entries_that_name_nobody_reach_nobody) {
    for (const char* other : {"x", "y"}) {
        const auto v = decode(ids, response(200, all({no(8015, "x"), no(8015, other), no(8015, "x")})), {});
        BOOST_TEST(show(v) == three(absent));
        BOOST_TEST(v[0].result.vendor.message.empty());
        BOOST_TEST(v[2].result.vendor.code.value() == 8015);
    }
}

BOOST_AUTO_TEST_CASE(ids_that_read_as_the_same_number_are_told_apart_by_nobody) {
    const batch b = by(identifier_kind::capillary_id, {"7", "007", "8"});
    BOOST_TEST(decoded(b, 200, all({ok(7), ok(7), ok(8)})) == three(doubtful, doubtful, revoked));
}

BOOST_AUTO_TEST_CASE(an_envelope_for_several) {
    BOOST_TEST(decoded(ids, 403, R"({"errors":[{"code":4000}]})") ==
               three("settle failed/vendor_auth retryable"));
    BOOST_TEST(decoded(ids, 400, R"({"errors":[{"code":8015}]})") == three(doubtful));
    BOOST_TEST(decoded(ids, 400, R"({"errors":[{"code":77}]})") == three("isolate failed/rejected"));
    BOOST_TEST(decoded(ids, 200, R"({"errors":[{"code":77}]})") == three(doubtful));
    BOOST_TEST(decoded(ids, 400, R"({"errors":[{"code":1060}]})") == three("isolate failed/batch_refused"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_attribution_test
