#include "offboard/policy/packer.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace policy_packer_test {

using offboard::policy::halve;
using offboard::policy::packer;

namespace {

using lane_queue = packer<int>;

void push(lane_queue& l, const std::string& turn, const std::string& who, int item) {
    l.push(turn, who, who, item);
}

std::vector<std::string> keys_of(const lane_queue::group& call) {
    std::vector<std::string> out;
    for (const auto& p : call)
        out.push_back(p.dedup_key);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(packer_suite)

BOOST_AUTO_TEST_CASE(equal_keys_share_one_place_and_every_item_is_kept) {
    lane_queue l;
    push(l, "op1", "a", 1);
    push(l, "op2", "a", 2);
    push(l, "op1", "b", 3);
    BOOST_TEST(l.places() == 2u);
    BOOST_TEST(l.items() == 3u);
    const auto call = l.take(100);
    BOOST_REQUIRE_EQUAL(call.size(), 2u);
    BOOST_TEST(call[0].items == (std::vector<int>{1, 2}), boost::test_tools::per_element());
    BOOST_TEST(l.empty());
}

BOOST_AUTO_TEST_CASE(a_bulk_request_does_not_starve_a_single_one) {
    lane_queue l;
    for (int i = 0; i < 1000; ++i)
        push(l, "bulk", "bulk" + std::to_string(i), i);
    push(l, "single", "lone", -1);
    const auto first = keys_of(l.take(100));
    BOOST_TEST(first.size() == 100u);
    BOOST_TEST((std::find(first.begin(), first.end(), "lone") != first.end()));
}

BOOST_AUTO_TEST_CASE(no_call_exceeds_the_cap_and_nothing_is_lost_or_doubled) {
    lane_queue l;
    for (int i = 0; i < 257; ++i)
        push(l, "op" + std::to_string(i % 7), "id" + std::to_string(i), i);
    std::set<int> seen;
    while (!l.empty()) {
        const auto call = l.take(10);
        BOOST_TEST(call.size() <= 10u);
        BOOST_REQUIRE(!call.empty());
        for (const auto& p : call)
            for (const int item : p.items)
                BOOST_TEST(seen.insert(item).second);
    }
    BOOST_TEST(seen.size() == 257u);
}

BOOST_AUTO_TEST_CASE(two_places_of_one_call_never_name_the_same_customer) {
    lane_queue l;
    l.push("op1", "x|all", "x", 1);
    l.push("op2", "x|960", "x", 2);
    l.push("op3", "y|all", "y", 3);
    BOOST_TEST(keys_of(l.take(100)) == (std::vector<std::string>{"x|all", "y|all"}),
               boost::test_tools::per_element());
    BOOST_TEST(keys_of(l.take(100)) == (std::vector<std::string>{"x|960"}), boost::test_tools::per_element());
    BOOST_TEST(l.empty());
}

BOOST_AUTO_TEST_CASE(an_isolated_group_goes_first_and_alone) {
    lane_queue l;
    push(l, "op1", "a", 1);
    push(l, "op1", "b", 2);
    auto call = l.take(2);
    push(l, "op2", "c", 3);
    auto [first, second] = halve(std::move(call));
    l.push_isolated(std::move(second));
    l.push_isolated(std::move(first)); // the newest goes first
    BOOST_TEST(keys_of(l.take(100)) == (std::vector<std::string>{"a"}), boost::test_tools::per_element());
    BOOST_TEST(keys_of(l.take(100)) == (std::vector<std::string>{"b"}), boost::test_tools::per_element());
    BOOST_TEST(keys_of(l.take(100)) == (std::vector<std::string>{"c"}), boost::test_tools::per_element());
    BOOST_TEST(l.empty());
}

BOOST_AUTO_TEST_CASE(halves_are_smaller_than_the_whole_down_to_one) {
    for (std::size_t n = 2; n <= 101; ++n) {
        const auto [first, second] = halve(std::vector<int>(n));
        BOOST_TEST(first.size() + second.size() == n);
        BOOST_TEST(first.size() < n);
        BOOST_TEST(!second.empty());
    }
}

BOOST_AUTO_TEST_CASE(one_place_is_taken_by_rank_also_out_of_a_group) {
    lane_queue l;
    push(l, "op1", "a", 5);
    push(l, "op1", "b", 2);
    l.push_failed({{"c", "c", {1}}, {"d", "d", {3}}});
    const auto by_item = [](const lane_queue::place& p) {
        return static_cast<std::uint64_t>(p.items.front());
    };
    BOOST_TEST(l.least(by_item).value() == 1u);
    for (const char* next : {"c", "b", "d", "a"})
        BOOST_TEST(keys_of(l.take_one(by_item)) == (std::vector<std::string>{next}),
                   boost::test_tools::per_element());
    BOOST_TEST(l.empty());
    BOOST_TEST(!l.has_isolated());
    BOOST_TEST(l.places() == 0u);
    BOOST_TEST(l.turns() == 0u);
    BOOST_TEST(!l.least(by_item).has_value());
    BOOST_TEST(l.take_one(by_item).empty());
}

BOOST_AUTO_TEST_CASE(groups_whose_call_failed_wait_behind_groups_that_are_being_told_apart) {
    lane_queue l;
    l.push_failed({{"f", "f", {1}}});
    l.push_failed({{"g", "g", {2}}});
    l.push_isolated({{"u", "u", {3}}});
    push(l, "op", "o", 4);
    BOOST_TEST(keys_of(l.take_ordinary(9)) == (std::vector<std::string>{"o"}),
               boost::test_tools::per_element());
    for (const char* next : {"u", "f", "g"})
        BOOST_TEST(keys_of(l.take_isolated()) == (std::vector<std::string>{next}),
                   boost::test_tools::per_element());
    BOOST_TEST(l.items() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace policy_packer_test
