#include "config/yaml.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace config_yaml_test {

namespace {

using offboard::document;
using offboard::config::fault;
using offboard::config::read_yaml;
using kind = document::kind;

document read(const std::string& text) {
    fault broken;
    auto d = read_yaml(text, broken);
    BOOST_TEST_REQUIRE(d.has_value(), text << ": " << broken.detail);
    return *d;
}

struct scalar {
    const char* written;
    kind type;
    const char* text;
};

struct refusal {
    std::string text;
    std::size_t line;
    const char* detail;
};

} // namespace

BOOST_AUTO_TEST_SUITE(config_yaml)

BOOST_AUTO_TEST_CASE(scalars_are_typed_by_the_core_schema) {
    const scalar table[] = {
        {"", kind::null, ""},           {"~", kind::null, ""},
        {"null", kind::null, ""},       {"NULL", kind::null, ""},
        {"nULL", kind::string, "nULL"}, {"true", kind::boolean, ""},
        {"FALSE", kind::boolean, ""},   {"yes", kind::string, "yes"},
        {"on", kind::string, "on"},     {"0", kind::number, "0"},
        {"-17", kind::number, "-17"},   {"12345678901234567890123", kind::number, "12345678901234567890123"},
        {"1.50", kind::number, "1.50"}, {".5", kind::number, ".5"},
        {"1e3", kind::number, "1e3"},   {"0x1F", kind::number, "0x1F"},
        {"0o17", kind::number, "0o17"}, {"0xZZ", kind::string, "0xZZ"},
        {"1e", kind::string, "1e"},     {".", kind::string, "."},
        {"10s", kind::string, "10s"},   {"127.0.0.1:8080", kind::string, "127.0.0.1:8080"},
        {"\"5\"", kind::string, "5"},   {"'null'", kind::string, "null"},
        {"\"\"", kind::string, ""},     {"!!str 5", kind::string, "5"},
        {"!!int 5", kind::number, "5"}, {"|\n  two\n  lines\n", kind::string, "two\nlines\n"},
    };
    for (const auto& row : table) {
        BOOST_TEST_CONTEXT("value " << row.written) {
            const document d = read(std::string("k: ") + row.written + "\n");
            const document* v = d.find("k");
            BOOST_TEST_REQUIRE(v);
            BOOST_TEST((v->type() == row.type));
            BOOST_TEST(v->text() == row.text);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_member_has_the_line_of_its_key) {
    const document d = read("# first\na:\n  b:\n    - x\n    - { y: 1,\n        z: 2 }\n\nc: 1\n");
    BOOST_TEST(d.find("a")->line == 2u);
    const document* b = d.find("a")->find("b");
    BOOST_TEST(b->line == 3u);
    BOOST_TEST(b->elements()[0].line == 4u);
    BOOST_TEST(b->elements()[1].line == 5u);
    BOOST_TEST(b->elements()[1].find("z")->line == 6u);
    BOOST_TEST(d.find("c")->line == 8u);
}

BOOST_AUTO_TEST_CASE(members_named_twice_are_all_kept) {
    const document d = read("a: 1\nb: 2\na: 3\n");
    BOOST_TEST_REQUIRE(d.members().size() == 3u);
    BOOST_TEST(d.members()[2].first == "a");
    BOOST_TEST(d.members()[2].second.text() == "3");
    BOOST_TEST(d.members()[2].second.line == 3u);
}

BOOST_AUTO_TEST_CASE(an_alias_is_a_copy_of_what_it_names) {
    const document d = read("a: &x { calls: 5 }\nb: *x\n&k c: 1\nd: *k\n");
    BOOST_TEST(d.find("b")->find("calls")->text() == "5");
    BOOST_TEST(d.find("b")->line == 2u);
    BOOST_TEST(d.find("d")->text() == "c");
}

BOOST_AUTO_TEST_CASE(an_empty_text_is_null) {
    BOOST_TEST(read("").is(kind::null));
    BOOST_TEST(read("# nothing\n").is(kind::null));
    BOOST_TEST(read("---\n").is(kind::null));
    BOOST_TEST(read("...\n").is(kind::null));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_a_fault_with_its_line) {
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string p = "*a" + std::to_string(i - 1);
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + p + ", " + p + ", " + p +
                  ", " + p + ", " + p + ", " + p + ", " + p + ", " + p + "]\n";
    }
    const refusal table[] = {
        {"a: 1\n  b: 2\n", 2, "not YAML"},
        {"a: 1\nb: [1, 2\n", 3, "not YAML"},
        {"a: 1\n\tb: 2\n", 2, "not YAML"},
        {"a: \"open\n", 2, "not YAML"},
        {"a: 'open\nb: 1\n", 3, "not YAML"},
        {"a: 1\nb: caf\xe9\n", 2, "UTF-8"},
        {"a: \xed\xa0\x80\n", 1, "UTF-8"},
        {"a: \xc3", 1, "UTF-8"},
        {"a: 1\nb: *none\n", 2, "not YAML"},
        {"a: 1\nb: !secret x\n", 2, "tag"},
        {"a: 1\nb: !!int x\n", 2, "tag"},
        {"a: !!set {x}\n", 1, "tag"},
        {"a: !thing [x]\n", 1, "tag"},
        {"a: 1\nb: .inf\n", 2, "infinite"},
        {"a: 1\n? [x]\n: 1\n", 2, "key"},
        {"a: 1\n~: 1\n", 2, "key"},
        {"a: 1\n---\nb: 1\n", 3, "second"},
        {"a: 1\n...\nb: 1\n", 3, "second"},
        {"a: &x [*x]\n", 1, "alias"},
        {"a: 1\nb: \x04\nc: 1\n", 2, "control"},
        {std::string("a: 1\nb: \0c", 9), 2, "control"},
        {"a: " + std::string(32, '[') + std::string(32, ']'), 1, "deep"},
        {"a: &x " + std::string(20, '[') + std::string(20, ']') + "\nb: " + std::string(20, '[') + "*x" +
             std::string(20, ']') + "\n",
         2, "deep"},
        {std::string(100'000, '['), 1, "deep"},
        {laughs, 5, "too many"},
    };
    for (const auto& row : table) {
        BOOST_TEST_CONTEXT("text " << row.text.substr(0, 40)) {
            fault broken;
            BOOST_TEST(!read_yaml(row.text, broken).has_value());
            BOOST_TEST(broken.line == row.line);
            BOOST_TEST(broken.detail.find(row.detail) != std::string::npos, broken.detail);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_document_may_say_where_it_begins_and_ends) {
    for (const char* text :
         {"a: 1", "a: 1\n", "---\na: 1\n", "a: 1\n...\n", "a: 1\n...", "%YAML 1.2\n---\na: 1\n...\n",
          "\xef\xbb\xbf"
          "a: 1\n",
          "a: 1\r\n"})
        BOOST_TEST(read(text).find("a")->text() == "1", text);
    BOOST_TEST(read("a: |+\n  x\n\n").find("a")->text() == "x\n\n");
    BOOST_TEST(read("a: \xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82\n").find("a")->text().size() == 9u);
}

BOOST_AUTO_TEST_CASE(thirty_two_levels_are_read) {
    fault broken;
    BOOST_TEST(read_yaml(std::string(32, '[') + std::string(32, ']'), broken).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_yaml_test
