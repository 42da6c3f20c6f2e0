#include "offboard/domain/identifier.hpp"

#include <boost/test/unit_test.hpp>

namespace domain_identifier_test {

using offboard::identifier_fault;
using offboard::identifier_kind;

BOOST_AUTO_TEST_SUITE(identifier_suite)

BOOST_AUTO_TEST_CASE(a_value_is_taken_as_it_is_or_refused) {
    const std::string long_enough = std::string(254, 'x') + "@y";
    std::string accents;
    for (int i = 0; i < 254; ++i)
        accents += "\xC3\xA9"; // 256 characters
    accents += "@y";
    const struct {
        identifier_kind kind;
        std::string value;
        bool good;
    } rows[] = {
        {identifier_kind::email, "jo@example.com", true},
        {identifier_kind::email, " jo@example.com", false}, // never trimmed
        {identifier_kind::email, "jo@example.com ", false},
        {identifier_kind::email, "jo@example.com\xC2\xA0", false}, // U+00A0
        {identifier_kind::email, "\xEF\xBB\xBFjo@example.com", false},
        {identifier_kind::email, "jo@example.com\xE2\x80\x8B", false}, // U+200B
        {identifier_kind::email, "jo", false},
        {identifier_kind::email, "@example.com", false},
        {identifier_kind::email, "jo@", false},
        {identifier_kind::email, "jo@work@", false},
        {identifier_kind::email, "jo@work@example.com", true}, // the last one counts
        {identifier_kind::email, "j o@example.com", false},
        {identifier_kind::email, "jo@exam ple.com", false},
        {identifier_kind::email, "jo@\"exam ple\"", false},
        {identifier_kind::email, "\"j o\"@example.com", true},
        {identifier_kind::email, "\"j\\\" o\"@example.com", true},
        {identifier_kind::email, "\"j\" o@example.com", false},
        {identifier_kind::email, "\"j o@example.com", false}, // nothing ends the quotes
        {identifier_kind::email, "j\"o@example.com", true},
        {identifier_kind::email, "\"j\\\"o@example.com", true},
        {identifier_kind::email, "o'brien@example.com", true},
        {identifier_kind::email,
         "j\xC3\xB6rg@b\xC3\xBC"
         "cher.example",
         true},
        {identifier_kind::email, "", false},
        {identifier_kind::email, "jo@example.com\r\nX: y", false},
        {identifier_kind::email, std::string("a\0b", 3), false},
        {identifier_kind::email, "a@b\x7F", false},
        {identifier_kind::email, "a@b\xC2\x85", false},
        {identifier_kind::external_id, long_enough, true},
        {identifier_kind::external_id, long_enough + "x", false},
        {identifier_kind::external_id, accents, true},
        {identifier_kind::external_id, " A-77", false},
        {identifier_kind::external_id, "A-77\xE3\x80\x80", false}, // U+3000
        {identifier_kind::external_id, "A 77", true},
        {identifier_kind::external_id, " ", false},
        {identifier_kind::mobile, "919800000000", true},
        {identifier_kind::mobile, "0919800000000", true},
        {identifier_kind::mobile, "00919800000000", true}, // carried as it is
        {identifier_kind::mobile, "919800", true},
        {identifier_kind::mobile, "91980", false},
        {identifier_kind::mobile, "123456789012345", true},
        {identifier_kind::mobile, "1234567890123456", false},
        {identifier_kind::mobile, "+919800000000", false}, // the reader strips the one +
        {identifier_kind::mobile, "91 9800 000000", false},
        {identifier_kind::mobile, "91-98", false},
        {identifier_kind::billing_customer_id, "191&keep=password", true}, // encoded on the wire
        {identifier_kind::billing_order_id, "A-77", true},
    };
    for (const auto& row : rows)
        BOOST_TEST(identifier_fault(row.kind, row.value).empty() == row.good, row.value);
}

BOOST_AUTO_TEST_CASE(kinds_have_the_contracts_names) {
    for (const auto kind : offboard::all_identifier_kinds)
        BOOST_TEST((offboard::identifier_kind_from(offboard::to_string(kind)) == kind));
    BOOST_TEST(!offboard::identifier_kind_from("e_mail"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace domain_identifier_test
