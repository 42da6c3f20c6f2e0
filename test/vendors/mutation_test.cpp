#include "../fuzz/mutation.hpp"
#include "justified.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_mutation_test {

using namespace vendors_test;

namespace {

struct subject {
    const char* name;
    batch call;
    std::string answer;
};

const subject subjects[] = {
    {"lapse", emails({"jo@a.example", "Sam@a.example"}),
     R"({"accepted":[{"type":"email","value":"jo@a.example"}],"errors":[{"value":"sam@a.example","reason":"notFound"}]})"},
    {"lapse of one", emails({"jo@a.example"}),
     R"({"accepted":[{"type":"email","value":"jo@a.example"}],"errors":[]})"},
    {"revoke_earn", capillary_ids(action::revoke_earn, {"423927867", "423927868", "423927869"}),
     R"({"response":[{"result":{"entityId":423927868,"revokedEarnIds":[974]},"errors":[],"warnings":[]},)"
     R"({"errors":[{"status":false,"message":"m","code":8015}]},{"errors":[{"status":false,"message":"m","code":8015}]}],)"
     R"("totalCount":3,"failureCount":2})"},
    {"revoke_enrol of one", capillary_ids(action::revoke_enrol, {"423927867"}),
     R"({"response":[{"result":{"entityId":423927867,"issualId":"847"},"errors":[],"warnings":[]}]})"},
    {"revoke_earn by mobile",
     batch_of(action::revoke_earn,
              {who(identifier_kind::mobile, "49151"), who(identifier_kind::mobile, "49152")}),
     R"({"response":[{"result":{"entityId":1,"revokedEarnIds":[5]},"errors":[]},{"result":{"entityId":2,"revokedEarnIds":[6]}}]})"},
    {"delink", programmes({"1stProgram", "p3e1"}),
     R"({"customersPartnerUpdates":[{"customer":{"id":1,"status":{"status":true,"message":"m","code":1000}},)"
     R"("partnerProgramUpdates":[{"partnerProgramName":"1stProgram","updateStatus":{"status":true,"message":"m","code":200}},)"
     R"({"partnerProgramName":"p3e1","updateStatus":{"status":false,"code":2004}}]}],"warnings":[]})"},
    {"forget", batch_of(action::forget, {who(identifier_kind::billing_customer_id, "191")}),
     R"({"result":true})"},
};

constexpr unsigned statuses[] = {200, 201, 202, 207, 302, 400, 401, 404, 422, 429, 500, 503};

} // namespace

BOOST_AUTO_TEST_SUITE(vendor_mutations)

BOOST_AUTO_TEST_CASE(no_accident_to_an_answer_invents_a_success) {
    fuzz::engine random(20261122);
    for (const subject& s : subjects) {
        BOOST_TEST(complaint(s.call, response(200, s.answer), decode(s.call, response(200, s.answer), {})) ==
                   "");
        for (int i = 0; i < 4000; ++i) {
            const auto r =
                response(statuses[fuzz::below(random, std::size(statuses))], fuzz::mutated(s.answer, random));
            const std::string_view wrong = complaint(s.call, r, decode(s.call, r, {}));
            if (!wrong.empty()) BOOST_ERROR(s.name << ": " << wrong << ": " << r.status << ' ' << r.body);
        }
    }
}

BOOST_AUTO_TEST_CASE(nonsense_is_never_a_success) {
    fuzz::engine random(7);
    for (const subject& s : subjects) {
        for (int i = 0; i < 4000; ++i) {
            const auto r =
                response(statuses[fuzz::below(random, std::size(statuses))], fuzz::nonsense(random, 64));
            const auto verdicts = decode(s.call, r, {});
            BOOST_REQUIRE(verdicts.size() == s.call.places.size());
            for (const verdict& v : verdicts)
                if (claims_ok(v)) BOOST_ERROR(s.name << ": " << show(v));
        }
    }
}

BOOST_AUTO_TEST_CASE(every_prefix_of_an_answer_is_unreadable) {
    for (const subject& s : subjects)
        for (std::size_t n = 0; n < s.answer.size(); ++n)
            for (const verdict& v : decode(s.call, response(200, s.answer.substr(0, n)), {}))
                BOOST_TEST((v.result.status == step_status::unknown));
}

BOOST_AUTO_TEST_CASE(the_order_of_what_a_vendor_says_changes_nothing_but_its_own_place) {
    const char* forwards =
        R"({"accepted":[{"value":"a"},{"value":"b"}],"errors":[{"value":"c","reason":"notFound"}]})";
    const char* backwards =
        R"({"errors":[{"reason":"notFound","value":"c"}],"accepted":[{"value":"b"},{"value":"a"}]})";
    const batch b = emails({"a", "b", "c"});
    BOOST_TEST(decoded(b, 200, forwards) == decoded(b, 200, backwards));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_mutation_test
