#include "fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace config_journal_test {

using namespace std::chrono_literals;
using namespace offboard::config;
using namespace offboard::config::test;

namespace {

/// One key in its three forms: 0x03 0x07 0x0b …, every byte 4 more than the last.
const std::string hex = "03070b0f13171b1f23272b2f33373b3f43474b4f53575b5f63676b6f73777b7f";
const std::string base64 = "AwcLDxMXGx8jJysvMzc7P0NHS09TV1tfY2drb3N3e38=";
std::string raw() {
    std::string out;
    for (int i = 0; i < 32; ++i)
        out.push_back(static_cast<char>(3 + 4 * i));
    return out;
}

const std::string capitals = "03070B0F13171B1F23272B2F33373B3F43474B4F53575B5F63676B6F73777B7F";

/// The lines of `keys` stand from line 4 on.
loaded with_keys(const std::string& keys, const std::vector<std::string>& environment = {}) {
    return load_with("journal:\n  sqlite: { path: /x/j.db }\n  keys:\n" + keys + billing, environment);
}

std::string first_key(const loaded& out) {
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    return std::string(out.settings->journal.keys.at(0).key.reveal());
}

} // namespace

BOOST_AUTO_TEST_SUITE(config_journal)

BOOST_AUTO_TEST_CASE(without_a_section_the_journal_is_in_memory) {
    for (const char* text : {"", "journal:\n", "journal: {}\n", "journal: { memory: {} }\n",
                             "journal: { memory: }\nidempotency: { keep: 1m }\n"}) {
        const auto out = load_with(text + billing);
        BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
        BOOST_TEST(out.settings->journal.sqlite_path.empty());
        BOOST_TEST(out.settings->limits.queue == 100'000u);
    }
}

BOOST_AUTO_TEST_CASE(sqlite_has_a_path_a_retention_and_keys) {
    const secret_files files;
    const auto out = load_with("journal:\n"
                               "  sqlite: { path: state/j.db }\n"
                               "  retention: 36h\n"
                               "  keys:\n"
                               "    - { id: 2026-11, key_file: " +
                                   files.put("new", hex + "\n") +
                                   " }\n"
                                   "    - { id: a.B_9, key: '${OLD}' }\n" +
                                   billing,
                               {"OLD=" + base64});
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST(out.warnings.empty(), all(out.warnings));
    const auto& journal = out.settings->journal;
    BOOST_TEST(journal.sqlite_path == "state/j.db");
    BOOST_TEST((journal.retention == 36h));
    BOOST_TEST_REQUIRE(journal.keys.size() == 2u);
    BOOST_TEST(journal.keys[0].id == "2026-11");
    BOOST_TEST(journal.keys[1].id == "a.B_9");
    BOOST_TEST((journal.keys[0].key.reveal() == raw() && journal.keys[1].key.reveal() == raw()));
}

BOOST_AUTO_TEST_CASE(sqlite_has_defaults_of_its_own) {
    const std::string journal = "journal: { sqlite: { path: j }, keys: [{ id: 1, key: '${M}' }] }\n";
    const auto out = load_with(journal + billing, {"M=" + hex});
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    BOOST_TEST((out.settings->journal.retention == 168h));
    BOOST_TEST((out.settings->idempotency_keep == 168h));
    BOOST_TEST(out.settings->limits.queue == 2'000'000u);
    BOOST_TEST(out.settings->journal.keys.at(0).id == "1");
    const auto set = load_with(journal + "limits: { queue: 7 }\n" + billing, {"M=" + hex});
    BOOST_TEST_REQUIRE(set.settings.has_value(), all(set.faults));
    BOOST_TEST(set.settings->limits.queue == 7u);
}

BOOST_AUTO_TEST_CASE(retention_goes_from_at_once_to_ten_years) {
    const std::pair<const char*, offboard::duration> table[] = {
        {"0s", 0s}, {"0", 0s}, {"1ms", 1ms}, {"3650d", 3650 * 24h}};
    for (const auto& [text, d] : table) {
        const auto out =
            with_keys("    - { id: a, key: '${M}' }\n  retention: " + std::string(text) + "\n", {"M=" + hex});
        BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
        BOOST_TEST((out.settings->journal.retention == d), text);
    }
}

BOOST_AUTO_TEST_CASE(a_key_file_is_hexadecimal_base64_or_bytes) {
    const secret_files files;
    std::string ends_as_a_line(raw());
    ends_as_a_line.back() = '\n';
    const std::pair<std::string, std::string> table[] = {
        {hex, raw()},
        {hex + "\n", raw()},
        {hex + "\r\n", raw()},
        {capitals, raw()},
        {base64, raw()},
        {base64 + "\n", raw()},
        {raw(), raw()},
        {ends_as_a_line, ends_as_a_line},
        {std::string(32, '\0'), std::string(32, '\0')},
        {std::string(43, '/') + "=", ""}, // four bits are left over
        {std::string(42, '/') + "8=", std::string(32, '\xff')},
    };
    for (const auto& [content, key] : table) {
        BOOST_TEST_CONTEXT(content) {
            const auto out = with_keys("    - { id: a, key_file: " + files.put("k", content) + " }\n");
            if (key.empty())
                BOOST_TEST(!out.settings.has_value());
            else
                BOOST_TEST(first_key(out) == key);
            BOOST_TEST(out.warnings.empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_holds_no_key_is_a_fault) {
    const secret_files files;
    const std::pair<std::string, const char*> table[] = {
        {files.path() + "/none", "cannot be read"},
        {files.path(), "cannot be read"},
        {files.put("empty", ""), "64 hexadecimal digits"},
        {files.put("newline", "\n"), "64 hexadecimal digits"},
        {files.put("short", hex.substr(2)), "64 hexadecimal digits"},
        {files.put("half", hex.substr(32)), "64 hexadecimal digits"},
        {files.put("phrase", "thirty-one letters and one line\n"), "64 hexadecimal digits"},
        {files.put("long", hex + "00"), "64 hexadecimal digits"},
        {files.put("lines", hex + "\n\n"), "64 hexadecimal digits"},
        {files.put("blank", hex.substr(1) + " "), "64 hexadecimal digits"},
        {files.put("letter", "g" + hex.substr(1)), "64 hexadecimal digits"},
        {files.put("raw", raw() + "\n"), "64 hexadecimal digits"},
        {files.put("bare", base64.substr(0, 43)), "64 hexadecimal digits"},
        {files.put("url", "-" + base64.substr(1)), "64 hexadecimal digits"},
        {files.put("pad", "=" + base64.substr(1)), "64 hexadecimal digits"},
        {files.put("huge", std::string(10'000, 'a')), "64 hexadecimal digits"},
        {"''", "must not be empty"},
        {"[x]", "must be a text"},
    };
    for (const auto& [path, detail] : table) {
        const auto out = with_keys("    - { id: a, key_file: " + path + " }\n");
        BOOST_TEST(out.faults.size() == 1u, path);
        BOOST_TEST(has(out.faults, 4, "journal.keys[0].key_file", detail), path << all(out.faults));
    }
}

BOOST_AUTO_TEST_CASE(a_key_in_the_open_is_a_warning) {
    for (const auto& text : {hex, capitals, base64}) {
        const auto out = with_keys("    - id: a\n      key: " + text + "\n");
        BOOST_TEST(first_key(out) == raw());
        BOOST_TEST(out.warnings.size() == 1u);
        BOOST_TEST(has(out.warnings, 5, "journal.keys[0].key", "in the open; better: key_file"));
    }
    // A number, to YAML.
    const std::string digits(64, '1');
    BOOST_TEST(first_key(with_keys("    - { id: a, key: " + digits + " }\n")) == std::string(32, '\x11'));
}

BOOST_AUTO_TEST_CASE(other_journals_are_faults) {
    struct row {
        const char* lines;
        std::size_t line;
        const char* key;
        const char* detail;
    };
    const row table[] = {
        {"journal: { postgres: {} }\n", 1, "journal.postgres", "not available in this release"},
        {"journal: { postgres: {}, keys: [], retention: 7d }\n", 1, "journal.postgres", "not available"},
        {"journal: { memry: {} }\n", 1, "journal.memry", "did you mean memory?"},
        {"journal:\n  retention: 7d\n", 2, "journal.retention", "needs journal.sqlite"},
        {"journal: { memory: {}, retention: 7d }\n", 1, "journal.retention", "in memory has no use"},
        {"journal:\n  memory: {}\n  keys: []\n", 3, "journal.keys", "needs journal.sqlite"},
        {"journal:\n  memory: {}\n  sqlite: { path: j }\n  keys: [{ id: a, key: '${M}' }]\n", 2,
         "journal.memory", "one of the two"},
        {"journal:\n  sqlite: { path: j }\n", 1, "journal.keys", "is required with journal.sqlite"},
        {"journal: { sqlite: { path: j }, keys: }\n", 1, "journal.keys", "at least one"},
        {"journal:\n  key_dir: /x\n", 2, "journal.key_dir", "needs journal.sqlite"},
        {"journal: { sqlite: { path: j }, keys: [{ id: a, key: '${M}' }], key_dir: /x }\n", 1,
         "journal.key_dir", "one of the two"},
        {"journal: { sqlite: { path: j }, key_dir: }\n", 1, "journal.key_dir", "has no value"},
        {"journal: { sqlite: { path: j }, key_dir: /nowhere/at/all }\n", 1, "journal.key_dir",
         "/nowhere/at/all cannot be read: No such file"},
        {"journal: { sqlite: { path: j }, keys: [] }\n", 1, "journal.keys", "at least one"},
        {"journal: { sqlite: { path: j }, keys: {} }\n", 1, "journal.keys", "must be a list"},
        {"journal: { sqlite: { path: j }, keys: [{ id: a, key: '${M}' }], retention: 3651d }\n", 1,
         "journal.retention", "from 0 to 3650d"},
        {"journal: { sqlite: { path: j }, keys: [{ id: a, key: '${M}' }], retention: 7 }\n", 1,
         "journal.retention", "a duration"},
        {"journal: { sqlite: { path: j, wal: on }, keys: [{ id: a, key: '${M}' }] }\n", 1,
         "journal.sqlite.wal", "unknown key"},
        {"journal: { sqlite: { }, keys: [{ id: a, key: '${M}' }] }\n", 1, "journal.sqlite.path",
         "is required"},
        {"journal: { sqlite: , keys: [{ id: a, key: '${M}' }] }\n", 1, "journal.sqlite.path", "is required"},
        {"journal: { sqlite: { path: '' }, keys: [{ id: a, key: '${M}' }] }\n", 1, "journal.sqlite.path",
         "must not be empty"},
        {"journal: { sqlite: { path: ':memory:' }, keys: [{ id: a, key: '${M}' }] }\n", 1,
         "journal.sqlite.path", "path of a file"},
        {"journal: { sqlite: { path: 'file:j?mode=memory' }, keys: [{ id: a, key: '${M}' }] }\n", 1,
         "journal.sqlite.path", "path of a file"},
        {"journal: { sqlite: { path: /x/ }, keys: [{ id: a, key: '${M}' }] }\n", 1, "journal.sqlite.path",
         "path of a file"},
    };
    for (const auto& r : table) {
        BOOST_TEST_CONTEXT(r.lines) {
            const auto out = load_with(r.lines + billing, {"M=" + hex});
            BOOST_TEST(out.faults.size() == 1u, all(out.faults));
            BOOST_TEST(has(out.faults, r.line, r.key, r.detail), all(out.faults));
        }
    }
}

BOOST_AUTO_TEST_CASE(other_keys_are_faults) {
    struct row {
        std::string lines;
        std::size_t line;
        const char* key;
        const char* detail;
    };
    const std::string good = "    - { id: a, key: '${M}' }\n";
    const std::string long_id = "    - { key: '${M}', id: " + std::string(65, 'a') + " }\n";
    const row table[] = {
        {"    - { key: '${M}' }\n", 4, "journal.keys[0].id", "is required"},
        {"    - { id: , key: '${M}' }\n", 4, "journal.keys[0].id", "has no value"},
        {"    - { id: '', key: '${M}' }\n", 4, "journal.keys[0].id", "must not be empty"},
        {"    - { id: 'a b', key: '${M}' }\n", 4, "journal.keys[0].id", "1 to 64"},
        {"    - { id: a/b, key: '${M}' }\n", 4, "journal.keys[0].id", "1 to 64"},
        {long_id, 4, "journal.keys[0].id", "1 to 64"},
        {good + "    - { id: a, key: '${M}' }\n", 5, "journal.keys[1].id", "earlier key of the list"},
        {good + "    - { id: b }\n", 5, "journal.keys[1].key", "is required: key_file, or ${VARIABLE}"},
        {good + "    - { id: b, key: '${NONE}' }\n", 5, "journal.keys[1].key", "does not have"},
        {good + "    - { id: b, key: '${SHORT}' }\n", 5, "journal.keys[1].key", "64 hexadecimal digits"},
        {good + "    - { id: b, key: true }\n", 5, "journal.keys[1].key", "quote it"},
        {good + "    - id: b\n      key: '${M}'\n      key_file: /x\n", 7, "journal.keys[1].key_file",
         "one of the two"},
        {good + "    - { id: b, key: '${M}', keyfile: x }\n", 5, "journal.keys[1].keyfile", "key_file?"},
        {good + "    - b\n", 5, "journal.keys[1]", "must be a map of settings, not a string"},
        {good + "    - {}\n", 5, "journal.keys[1].id", "is required"},
    };
    for (const auto& r : table) {
        BOOST_TEST_CONTEXT(r.lines) {
            const auto out = with_keys(r.lines, {"M=" + hex, "SHORT=" + hex.substr(2)});
            BOOST_TEST(!out.settings.has_value());
            BOOST_TEST(has(out.faults, r.line, r.key, r.detail), all(out.faults));
        }
    }
    std::string many;
    for (int i = 0; i < 65; ++i)
        many += "    - { id: k" + std::to_string(i) + ", key: '${M}' }\n";
    BOOST_TEST(has(with_keys(many, {"M=" + hex}).faults, 3, "journal.keys", "at most 64"));
}

BOOST_AUTO_TEST_CASE(a_directory_of_keys_is_read_as_a_mounted_secret_is_laid_out) {
    const secret_files files;
    const std::filesystem::path mount = files.path() + "/keys";
    std::filesystem::create_directories(mount / "..2026_11_22");
    std::filesystem::create_directory(mount / "empty"); // no file
    std::filesystem::create_directory_symlink("..2026_11_22", mount / "..data");
    for (const auto& [name, text] : {std::pair("2026-02", capitals), {"2026-11", hex}, {"2025-12", base64}}) {
        files.put("keys/..2026_11_22/" + std::string(name), text);
        std::filesystem::create_symlink("..data/" + std::string(name), mount / name);
    }
    const auto out =
        load_with("journal: { sqlite: { path: j }, key_dir: " + mount.string() + " }\n" + billing);
    BOOST_TEST_REQUIRE(out.settings.has_value(), all(out.faults));
    const auto& keys = out.settings->journal.keys;
    BOOST_TEST_REQUIRE(keys.size() == 3u);
    BOOST_TEST((keys[0].id == "2026-11" && keys[1].id == "2026-02" && keys[2].id == "2025-12"));
    for (const master_key& k : keys)
        BOOST_TEST(k.key.reveal() == raw());
    BOOST_TEST_REQUIRE(out.settings->files.size() == 3u);
    BOOST_TEST(out.settings->files.front().key == "journal.key_dir/2025-12");
}

BOOST_AUTO_TEST_CASE(a_directory_with_anything_but_keys_is_a_fault) {
    struct row {
        const char* name;
        std::string content;
        const char* detail;
    };
    const row table[] = {
        {"", "", "at least one file with a key"},
        {"b", "no key", "b: the file must hold 64 hexadecimal digits"},
        {"b", hex + hex, "b: the file must hold 64 hexadecimal digits"},
        {"b", std::string(10'000, 'a'), "b: the file must hold 64 hexadecimal digits"},
        {"b~", hex, "a file whose name is no id"},
    };
    for (const auto& [name, content, detail] : table) {
        const secret_files files;
        if (*name) files.put("a", hex);
        if (*name) files.put(name, content);
        const auto out =
            load_with("journal:\n  sqlite: { path: j }\n  key_dir: " + files.path() + "\n" + billing);
        BOOST_TEST(out.faults.size() == 1u, all(out.faults));
        BOOST_TEST(has(out.faults, 3, "journal.key_dir", detail), all(out.faults));
    }
    const secret_files files;
    std::filesystem::create_symlink("nowhere", files.path() + "/gone");
    const auto out =
        load_with("journal:\n  sqlite: { path: j }\n  key_dir: " + files.path() + "\n" + billing);
    BOOST_TEST(has(out.faults, 3, "journal.key_dir", "/gone cannot be read: No such file"), all(out.faults));
}

BOOST_AUTO_TEST_CASE(no_fault_and_no_warning_repeats_a_key) {
    const secret_files files;
    const std::string wrong = "deadbeef" + hex.substr(8, 55) + "x";
    const std::string file = files.put("key", wrong);
    const std::string table[] = {
        "    - { id: a, key: " + wrong + " }\n",
        "    - { id: a, key: [" + wrong + "] }\n",
        "    - { id: a, key_file: " + file + " }\n",
        "    - { id: deadbeef, key: x }\n    - { id: deadbeef, key: x }\n",
        "    - { id: deadbeef/, key: '${deadbeef}' }\n",
        "    - deadbeef/\n",
        "  " + wrong + "\n",
    };
    for (const auto& line : table) {
        const auto out = with_keys(line);
        const std::string text = all(out.faults) + all(out.warnings);
        BOOST_TEST(!out.faults.empty());
        BOOST_TEST(text.find("deadbeef") == std::string::npos, line << text);
    }
}

BOOST_AUTO_TEST_CASE(the_environment_goes_over_the_journal) {
    const secret_files files;
    const std::string journal = "journal: { sqlite: { path: j }, keys: [{ id: a, key_file: /none }] }\n";
    const auto file = load_with(journal + billing,
                                {"OFFBOARD__JOURNAL__SQLITE__PATH=/y/j.db", "OFFBOARD__JOURNAL__RETENTION=1d",
                                 "OFFBOARD__JOURNAL__KEYS__0__KEY_FILE=" + files.put("k", hex)});
    BOOST_TEST(first_key(file) == raw());
    BOOST_TEST(file.settings->journal.sqlite_path == "/y/j.db");
    BOOST_TEST((file.settings->journal.retention == 24h));
    for (const auto& text : {hex, base64, std::string("${M}")}) {
        const auto value =
            load_with(journal + billing, {"OFFBOARD__JOURNAL__KEYS__0__KEY=" + text, "M=" + hex});
        BOOST_TEST(first_key(value) == raw());
        BOOST_TEST(value.warnings.empty());
    }
    const auto whole =
        load_with("journal: { memory: {} }\n" + billing,
                  {"OFFBOARD__JOURNAL={sqlite: {path: j}, keys: [{id: a, key: '" + hex + "'}]}"});
    BOOST_TEST(first_key(whole) == raw());
    const auto fault = load_with(journal + billing, {"OFFBOARD__JOURNAL__KEYS__0__KEY=short"});
    BOOST_TEST(has(fault.faults, 0, "journal.keys[0].key", "(set by OFFBOARD__JOURNAL__KEYS__0__KEY)"),
               all(fault.faults));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_journal_test
