#include "fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <variant>

namespace config_secret_test {

using namespace offboard::config;
using namespace offboard::config::test;
using offboard::vendor;

namespace {

loaded with_key(const std::string& line, const std::vector<std::string>& environment = {}) {
    return load("vendors:\n  billing:\n    base_url: https://b.example\n    api_username: someone\n" + line,
                environment);
}

std::string key_of(const loaded& out) {
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    return std::string(
        std::get<offboard::api_key>(out.settings->of(vendor::billing)->credentials).key.reveal());
}

} // namespace

BOOST_AUTO_TEST_SUITE(config_secret)

BOOST_AUTO_TEST_CASE(a_file_is_read_without_its_last_newline) {
    const secret_files files;
    for (const char* text : {"s3cr3t", "s3cr3t\n", "s3cr3t\r\n"}) {
        const auto out = with_key("    api_key_file: " + files.put("key", text) + "\n");
        BOOST_TEST(key_of(out) == "s3cr3t");
        BOOST_TEST(out.warnings.empty());
    }
    const std::string longest(4096, 'x');
    BOOST_TEST(key_of(with_key("    api_key_file: " + files.put("key", longest + "\n") + "\n")) == longest);
}

BOOST_AUTO_TEST_CASE(a_file_that_holds_no_secret_is_a_fault) {
    const secret_files files;
    std::string too_long(4097, 'x');
    too_long.push_back('\n');
    const std::pair<std::string, const char*> table[] = {
        {files.path() + "/none", "cannot be read"},
        {files.path(), "cannot be read"},
        {files.put("empty", ""), "must not be empty"},
        {files.put("newline", "\n"), "must not be empty"},
        {files.put("two", "s3cr3t\nlines\n"), "control characters"},
        {files.put("long", std::string(5000, 'x')), "at most 4096"},
        {files.put("long2", too_long), "at most 4096"},
        {"''", "must not be empty"},
        {"[x]", "must be a text"},
    };
    for (const auto& [path, detail] : table) {
        const auto out = with_key("    api_key_file: " + path + "\n");
        BOOST_TEST(!out.settings.has_value());
        BOOST_TEST(out.faults.size() == 1u);
        BOOST_TEST(has(out.faults, 5, "vendors.billing.api_key_file", detail), all(out.faults));
    }
}

BOOST_AUTO_TEST_CASE(a_variable_stands_for_the_whole_value) {
    BOOST_TEST(key_of(with_key("    api_key: ${A_KEY}\n", {"A_KEY=s3=cr3t"})) == "s3=cr3t");
    BOOST_TEST(with_key("    api_key: ${A_KEY}\n", {"A_KEY=x"}).warnings.empty());
    BOOST_TEST(
        has(with_key("    api_key: ${A_KEY}\n").faults, 5, "vendors.billing.api_key", "does not have"));
    BOOST_TEST(
        has(with_key("    api_key: ${A_KEY}\n", {"A_KEY="}).faults, 5, "vendors.billing.api_key", "empty"));
    const auto part = with_key("    api_key: x${A_KEY}\n", {"A_KEY=y"});
    BOOST_TEST(key_of(part) == "x${A_KEY}");
    BOOST_TEST(part.warnings.size() == 1u);
}

BOOST_AUTO_TEST_CASE(in_the_open_is_a_warning) {
    const auto out = with_key("    api_key: s3cr3t\n");
    BOOST_TEST(key_of(out) == "s3cr3t");
    BOOST_TEST_REQUIRE(out.warnings.size() == 1u);
    BOOST_TEST(has(out.warnings, 5, "vendors.billing.api_key", "in the open"));
    BOOST_TEST(key_of(with_key("    api_key: 0x0123\n")) == "0x0123");
    BOOST_TEST(key_of(with_key("    api_key: 007\n")) == "007");
}

BOOST_AUTO_TEST_CASE(other_forms_are_faults) {
    const secret_files files;
    BOOST_TEST(has(with_key("").faults, 2, "vendors.billing.api_key", "is required"));
    BOOST_TEST(has(with_key("    api_key:\n").faults, 5, "vendors.billing.api_key", "no value"));
    BOOST_TEST(has(with_key("    api_key: true\n").faults, 5, "vendors.billing.api_key", "quote it"));
    BOOST_TEST(has(with_key("    api_key: \"\"\n").faults, 5, "vendors.billing.api_key", "empty"));
    const auto both =
        with_key("    api_key: ${A}\n    api_key_file: " + files.put("key", "x") + "\n", {"A=y"});
    BOOST_TEST(both.faults.size() == 1u);
    BOOST_TEST(has(both.faults, 6, "vendors.billing.api_key_file", "one of the two"));
}

BOOST_AUTO_TEST_CASE(no_fault_and_no_warning_repeats_a_secret) {
    const secret_files files;
    const std::string file = files.put("key", "hunter2\nhunter2\n");
    const std::string table[] = {
        "    api_key: hunter2\n",
        "    api_key: hunter2\n    api_key: hunter2\n",
        "    api_key: \"hunter2\\t\"\n",
        "    api_key: {hunter2}\n",
        "    api_key: [hunter2]\n",
        "    api_key: {hunter2: hunter2}\n",
        "    api_key:hunter2\n",
        "    api_key: \"hunter2\n",
        "    api_key: \"\\hunter2\"\n",
        "    api_key: *hunter2\n",
        "    api_key: !hunter2 x\n",
        "    api_key: @hunter2\n",
        "    api_key: ${hunter2}\n",
        "    api_key: hunter2\n     x: hunter2\n",
        "    api_key: | hunter2\n",
        "    api_key_file: " + file + "\n",
        "    \"hunter2 hunter2\": 1\n",
        "    base_url: https://me:hunter2@b.example\n",
        "  capillary: { base_url: https://me:hunter2@b.example?hunter2, oauth: { key: 'hunter2\\x', secret: "
        "hunter2 } }\n",
        "  mention_me: { base_url: 'hunter2', client_id: [hunter2], timeout: hunter2, max_batch: hunter2 }\n",
    };
    for (const auto& line : table) {
        const auto out = with_key(line);
        const std::string text = all(out.faults) + all(out.warnings);
        BOOST_TEST(!text.empty());
        BOOST_TEST(text.find("hunter2") == std::string::npos, line << text);
    }
    const auto out =
        with_key("", {"OFFBOARD__VENDORS__BILLING__API_KEY=hunter2\n",
                      "OFFBOARD__VENDORS__BILLING__TIMEOUT={hunter2", "OFFBOARD__LISTEN=hunter2"});
    BOOST_TEST(out.faults.size() == 3u);
    BOOST_TEST(all(out.faults).find("hunter2") == std::string::npos, all(out.faults));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_secret_test
