#include "offboard/base/json_members.hpp"

#include "offboard/base/fold_case.hpp"

#include <boost/test/unit_test.hpp>

namespace base_json_members_test {

using namespace offboard;

BOOST_AUTO_TEST_SUITE(json_members_suite)

BOOST_AUTO_TEST_CASE(a_member_named_twice_is_found_at_any_depth_and_in_any_spelling) {
    for (const char* twice : {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"([{"x":{"a":1,"a":2}}])",
                              R"({"a":1,"\u0061":2})", R"({"o":{},"p":[{"q":[{"":1,"":2}]}]})"})
        BOOST_TEST(names_a_member_twice(twice), twice);
    for (const char* once : {R"({"a":1,"b":1})", R"({"a":{"a":{"a":1}}})", R"([{"a":1},{"a":1}])",
                             R"({"a":{"b":1},"c":{"b":1}})", R"({"a":1,"A":2})", "1", "", "{", R"({"a":1)"})
        BOOST_TEST(!names_a_member_twice(once), once);
}

BOOST_AUTO_TEST_CASE(case_folds_beyond_ascii_one_character_for_one) {
    BOOST_TEST(fold_case("JO@Example.COM") == "jo@example.com");
    BOOST_TEST(fold_case("J\u00D6RG@x") == "j\u00F6rg@x");
    BOOST_TEST(fold_case("\u03A3\u03C2\u03C3") == "\u03C3\u03C3\u03C3");
    BOOST_TEST(fold_case("\u0131I\u0130i") == "\u0131i\u0130i");
    BOOST_TEST(fold_case("\xFF\xC3x") == "\xFF\xC3x");
    BOOST_TEST(contains_folded("No customer JO@x here", "jo@X"));
    BOOST_TEST(!contains_folded("No customer", "jo@x"));
    BOOST_TEST(!contains_folded("x", ""));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace base_json_members_test
