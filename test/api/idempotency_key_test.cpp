#include "offboard/api/idempotency_key.hpp"

#include <boost/test/unit_test.hpp>

namespace api_idempotency_key_test {

using namespace offboard;

namespace {

api::idempotency_key read(const std::vector<std::string>& fields) {
    http::request request;
    request.headers.emplace_back("host", "x");
    for (const std::string& f : fields)
        request.headers.emplace_back("idempotency-key", f);
    return api::read_idempotency_key(request);
}

std::string in_quotes(std::string_view text) {
    return '"' + std::string(text) + '"';
}

} // namespace

BOOST_AUTO_TEST_SUITE(idempotency_key_suite)

BOOST_AUTO_TEST_CASE(no_field_is_no_key_and_no_fault) {
    const auto none = read({});
    BOOST_TEST(none.text.empty());
    BOOST_TEST(none.fault.empty());
}

BOOST_AUTO_TEST_CASE(a_key_is_its_text_quoted_or_bare) {
    const std::string longest(255, 'k');
    std::string backslashes;
    for (int i = 0; i < 255; ++i)
        backslashes += R"(\\)";
    const struct {
        std::string field;
        std::string text;
    } rows[] = {
        {"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
        {R"("8e03978e-40d5-43dd-bc93-6894a57f9324")", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
        {"k", "k"},
        {R"("k")", "k"},
        {R"(" ")", " "},
        {R"("two words, and; more=1")", "two words, and; more=1"},
        {R"("a\"b\\c")", R"(a"b\c)"},
        {R"("\"")", "\""},
        {R"("\\")", "\\"},
        {"!#$%&'*+-.^_`|~:/=@", "!#$%&'*+-.^_`|~:/=@"},
        {"c2FtZQ==", "c2FtZQ=="},
        {longest, longest},
        {in_quotes(longest), longest},
        {in_quotes(backslashes), std::string(255, '\\')}, // counted as what it stands for
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.field) {
            const auto key = read({row.field});
            BOOST_TEST(key.fault == "");
            BOOST_TEST(key.text == row.text);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_as_one_key_is_a_fault_that_does_not_repeat_it) {
    const std::vector<std::string> rows[] = {
        {""},
        {R"("")"},
        {R"(")"},
        {R"("open)"},
        {R"(open")"},
        {R"("a"b")"},
        {R"("a""b")"},
        {R"("a\x")"},
        {R"("a\")"},
        {R"("\")"},
        {R"("a";p=1)"},
        {R"("a", "b")"},
        {"two words"},
        {"a,b"},
        {"a;p=1"},
        {R"(a\b)"},
        {"a\tb"},
        {"\"a\tb\""},
        {"\"a\x7f\""},
        {"\"\xc3\xa9\""},
        {"\xc3\xa9"},
        {std::string(256, 'k')},
        {in_quotes(std::string(256, 'k'))},
        {"a", "a"},
        {"a", ""},
        {R"("a")", R"("b")"},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.front()) {
            const auto key = read(row);
            BOOST_TEST(key.fault.starts_with("Idempotency-Key "));
            BOOST_TEST(key.fault.ends_with("."));
            BOOST_TEST(key.fault.find("kkk") == std::string_view::npos);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace api_idempotency_key_test
