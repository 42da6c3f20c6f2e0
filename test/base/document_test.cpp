#include "offboard/base/document.hpp"
#include "offboard/base/nearest.hpp"

#include <boost/test/unit_test.hpp>

namespace base_document_test {

using offboard::check_members;
using offboard::document;
using offboard::fault_list;
using offboard::json_fault;
using offboard::parse_json;

namespace {
document parsed(std::string_view text) {
    json_fault fault;
    auto d = parse_json(text, fault);
    BOOST_REQUIRE_MESSAGE(d, text);
    return *d;
}
} // namespace

BOOST_AUTO_TEST_SUITE(document_suite)

BOOST_AUTO_TEST_CASE(numbers_keep_every_digit) {
    for (const auto* text : {"0", "423927867", "9007199254740993", "18446744073709551615",
                             "123456789012345678901234567890", "-5", "1.50", "1e400"})
        BOOST_TEST(parsed(text).text() == text);
    BOOST_TEST(*parsed("9007199254740993").as_int() == 9007199254740993);
    BOOST_TEST(!parsed("1.0").as_int());
    BOOST_TEST(!parsed("1e3").as_int());
    BOOST_TEST(!parsed("9223372036854775808").as_int());
    BOOST_TEST(!parsed("\"7\"").as_int());
}

BOOST_AUTO_TEST_CASE(members_named_twice_are_kept_and_reported) {
    const auto d = parsed(R"({"a":1,"b":{"c":[true,null,"x"]},"a":2})");
    BOOST_TEST(d.members().size() == 3u);
    fault_list faults;
    check_members(d, {"a", "b"}, "", faults);
    BOOST_REQUIRE_EQUAL(faults.all().size(), 1u);
    BOOST_TEST(faults.all()[0].pointer == "/a");
    BOOST_TEST(faults.all()[0].detail == "member named twice");
}

BOOST_AUTO_TEST_CASE(an_unknown_member_is_named_only_when_its_name_cannot_be_personal) {
    const auto d = parsed(R"({"dry_rum":1,"jo@example.com":2,"919800000000":3})");
    fault_list faults;
    check_members(d, {"dry_run"}, "/options", faults);
    BOOST_REQUIRE_EQUAL(faults.all().size(), 3u);
    BOOST_TEST(faults.all()[0].pointer == "/options/dry_rum");
    BOOST_TEST(faults.all()[1].pointer == "/options");
    BOOST_TEST(faults.all()[2].pointer == "/options");
}

BOOST_AUTO_TEST_CASE(what_is_not_json_is_refused) {
    std::string deep;
    for (int i = 0; i < 33; ++i)
        deep += "[";
    for (int i = 0; i < 33; ++i)
        deep += "]";
    const std::string broken[] = {
        "",        " ",           "{",           "{}x",     "{'a':1}",  "[1,]",     "{\"a\":1,}",
        "// x\n1", "NaN",         "01",          "\"\\x\"", "\"a\nb\"", "\"\xff\"", "tru",
        "{\"a\"}", "{\"a\":1 2}", "\"\\ud800\"", "[1 2]",   deep};
    for (const std::string& text : broken) {
        json_fault fault;
        BOOST_TEST_CONTEXT(text) {
            BOOST_TEST(!parse_json(text, fault));
            BOOST_TEST(!fault.detail.empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_kept_of_a_text_is_bounded) {
    json_fault fault;
    const offboard::json_bounds bounds{.kept = 2, .values = 8};
    const auto d = parse_json(R"({"a":[1,2,3,4],"b":2,"c":3})", fault, bounds);
    BOOST_REQUIRE(d.has_value());
    BOOST_TEST(d->members().size() == 2u);
    BOOST_TEST(d->find("a")->elements().size() == 2u);
    BOOST_TEST(!parse_json("[1,2,3,4,5,6,7,x]", fault, bounds)); // what is left out is JSON all the same
    BOOST_TEST(!fault.too_many_values);
    BOOST_TEST(!parse_json("[1,2,3,4,5,6,7,8]", fault, bounds));
    BOOST_TEST(fault.too_many_values);
    BOOST_TEST(parse_json("[1,2,3,4,5,6,7]", fault, bounds).has_value());
}

BOOST_AUTO_TEST_CASE(an_unknown_member_is_told_the_nearest_known_one_and_never_repeated) {
    json_fault broken;
    const auto d = parse_json(R"({"dryrun":true,"Erase-Gate":1,"jo_smith":2})", broken);
    fault_list faults;
    check_members(*d, {"erase_gate", "dry_run"}, "/options", faults);
    BOOST_REQUIRE(faults.all().size() == 3u);
    BOOST_TEST(faults.all()[0].detail == "unknown member: dry_run is known");
    BOOST_TEST(faults.all()[1].detail == "unknown member: erase_gate is known");
    BOOST_TEST(faults.all()[2].detail == "unknown member: known are erase_gate, dry_run");
}

BOOST_AUTO_TEST_CASE(the_nearest_word_is_near) {
    constexpr std::string_view known[] = {"email",   "mobile",   "capillary_id", "billing_customer_id",
                                          "timeout", "base_url", "max_batch",    "per",
                                          "cap"};
    const struct {
        std::string_view word;
        std::string_view expected; // empty: none
    } rows[] = {{"emial", "email"},
                {"e-mail", "email"},
                {"MOBILE", "mobile"},
                {"capilary_id", "capillary_id"},
                {"phone", ""},
                {"", ""},
                {"timout", "timeout"},
                {"base_ulr", "base_url"},
                {"baseurl", "base_url"},
                {"max-batch", "max_batch"},
                {"maxBatch", "max_batch"},
                {"something", ""},
                {"x", ""},
                {"billing_customerid", "billing_customer_id"}};
    for (const auto& row : rows)
        BOOST_TEST(offboard::nearest(row.word, known).value_or("") == row.expected, row.word);
    BOOST_TEST(!offboard::nearest(std::string(1000, 'e'), known));
    BOOST_TEST(offboard::did_you_mean("emial", known) == "; did you mean email?");
    BOOST_TEST(offboard::did_you_mean("phone", known).empty());
}

BOOST_AUTO_TEST_CASE(pointers_escape_as_rfc_6901_says) {
    BOOST_TEST(offboard::pointer_to("", "a/b~c") == "/a~1b~0c");
    BOOST_TEST(offboard::pointer_to("/customers", 3) == "/customers/3");
}

BOOST_AUTO_TEST_CASE(the_list_of_faults_is_bounded) {
    fault_list faults;
    for (int i = 0; i < 5000; ++i)
        faults.add("/x", "y");
    BOOST_TEST(faults.all().size() == fault_list::most_faults + 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace base_document_test
