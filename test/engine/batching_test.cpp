#include "offboard/engine/batching.hpp"

#include <boost/test/unit_test.hpp>

namespace engine_batching_test {

using namespace offboard;
using namespace offboard::engine;

namespace {

promotion promo(const std::string& id) {
    promotion p;
    p.program_id = 2714;
    p.promotion_id = id;
    return p;
}

customer person(int n) {
    const std::string digits = std::to_string(100000 + n);
    customer c;
    c.identifiers = {{identifier_kind::email, "c" + digits + "@example.com"},
                     {identifier_kind::mobile, "91" + digits},
                     {identifier_kind::capillary_id, digits},
                     {identifier_kind::billing_customer_id, digits}};
    return c;
}

std::shared_ptr<operation> whole(std::vector<customer> customers) {
    auto op = std::make_shared<operation>();
    op->id = "01JD2M7Q0R8W2C5V9T3K6H4XNB";
    op->what.plan.set(action::lapse);
    op->what.plan.revoke = {promo("202779")};
    op->what.plan.partner_programs = {"1stProgram", "p3e1"};
    op->what.plan.set(action::forget);
    op->what.plan.keep = {"country"};
    op->what.customers = std::move(customers);
    op->steps = expand(op->what, op->first_step);
    return op;
}

shapes forms() {
    shapes out;
    for (auto& form : out) {
        form.max_batch = 100;
        form.source = "INSTORE";
    }
    return out;
}

std::size_t count(const std::vector<planned_call>& calls, std::string_view step) {
    std::size_t n = 0;
    for (const auto& c : calls)
        if (c.step == step) ++n;
    return n;
}

} // namespace

BOOST_AUTO_TEST_SUITE(batching_suite)

BOOST_AUTO_TEST_CASE(a_request_is_cut_into_calls_of_at_most_the_cap) {
    std::vector<customer> customers;
    for (int i = 0; i < 250; ++i)
        customers.push_back(person(i));
    const auto calls = dry_run(whole(customers), forms());
    BOOST_TEST(count(calls, "mention_me.lapse") == 3u);
    BOOST_TEST(count(calls, "capillary.revoke_earn") == 3u);
    BOOST_TEST(count(calls, "capillary.revoke_enrol") == 3u);
    BOOST_TEST(count(calls, "capillary.delink") == 250u);
    BOOST_TEST(count(calls, "billing.forget") == 250u);
    for (const auto& c : calls)
        BOOST_TEST(c.customers <=
                   rule_of(c.to == vendor::billing ? action::forget : action::lapse).customers_per_call);
}

BOOST_AUTO_TEST_CASE(equal_identifiers_cost_one_place) {
    const auto calls = dry_run(whole({person(1), person(1), person(2)}), forms());
    BOOST_TEST(calls.at(0).customers == 2u);
    BOOST_TEST(count(calls, "billing.forget") == 2u);
    BOOST_TEST(count(calls, "capillary.delink") == 2u);
}

BOOST_AUTO_TEST_CASE(the_same_customer_with_other_earns_never_shares_a_call_with_himself) {
    customer some = person(1);
    some.earn_ids = {960};
    const auto calls = dry_run(whole({person(1), some}), forms());
    BOOST_TEST(count(calls, "capillary.revoke_earn") == 2u);
    BOOST_TEST(count(calls, "capillary.revoke_enrol") == 1u);
}

BOOST_AUTO_TEST_CASE(kinds_of_identifier_do_not_share_a_revoke_call) {
    customer by_mobile = person(2);
    std::erase_if(by_mobile.identifiers,
                  [](const identifier& i) { return i.kind == identifier_kind::capillary_id; });
    const auto calls = dry_run(whole({person(1), by_mobile}), forms());
    BOOST_TEST(count(calls, "capillary.revoke_earn") == 2u);
}

BOOST_AUTO_TEST_CASE(no_lane_key_contains_anything_of_a_customer) {
    const auto op = whole({person(7)});
    for (const step& s : op->steps)
        BOOST_TEST(lane_of(*op, s).text.find(s.who->value) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_delink_call_carries_every_programme_of_its_customer_and_at_most_fifty) {
    auto op = whole({person(1)});
    op->what.plan.partner_programs.clear();
    for (int i = 0; i < 60; ++i) // as when several requests for one customer are folded
        op->what.plan.partner_programs.push_back("p" + std::to_string(i));
    op->steps = expand(op->what, op->first_step);
    lane_queue::place queued;
    lane_key key;
    for (std::uint32_t i = 0; i < op->steps.size(); ++i) {
        if (op->steps[i].action != action::delink) continue;
        key = lane_of(*op, op->steps[i]);
        queued_step a;
        a.op = op;
        a.step = i;
        queued.items.push_back(std::move(a));
    }
    lane_queue::group call;
    call.push_back(std::move(queued));
    const wire_call p = pack(key, std::move(call), "INSTORE");
    BOOST_TEST(p.batch.places.size() == 50u);
    BOOST_TEST(p.left_over.size() == 10u);
    BOOST_TEST(p.batch.places[49].partner_program == "p49");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace engine_batching_test
