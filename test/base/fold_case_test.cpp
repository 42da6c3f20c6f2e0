#include "offboard/base/fold_case.hpp"

#include <boost/test/unit_test.hpp>

namespace base_fold_case_test {

using offboard::fold_case;

BOOST_AUTO_TEST_SUITE(base_fold_case)

BOOST_AUTO_TEST_CASE(two_spellings_that_differ_in_case_become_equal) {
    BOOST_TEST(fold_case("") == "");
    BOOST_TEST(fold_case("JO@Example.COM") == "jo@example.com");
    BOOST_TEST(fold_case("J\xC3\x96RG@example.com") ==
               fold_case("j\xC3\xB6rg@example.com"));                // U+00D6, U+00F6
    BOOST_TEST(fold_case("\xCE\xA3") == fold_case("\xCF\x82"));      // both small sigmas
    BOOST_TEST(fold_case("\xF0\x90\x90\x80") == "\xF0\x90\x90\xA8"); // four bytes: U+10400
}

BOOST_AUTO_TEST_CASE(one_character_stays_one_and_no_language_decides) {
    BOOST_TEST(fold_case("stra\xC3\x9F"
                         "e") != fold_case("STRASSE")); // U+00DF
    BOOST_TEST(fold_case("I") == "i");
    BOOST_TEST(fold_case("\xC4\xB0") != "i");                    // U+0130, of Turkish
    BOOST_TEST(fold_case("o\xCC\x88") != fold_case("\xC3\xB6")); // composed and decomposed stay apart
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf8_stay) {
    for (const std::string text : {"\xFF", "a\xC3", "\xC3(", "\xED\xA0\x80", "\xF0\x90", "x\x80y"})
        BOOST_TEST(fold_case(text) == text);
    BOOST_TEST(fold_case(std::string("A\0B", 3)) == std::string("a\0b", 3));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace base_fold_case_test
