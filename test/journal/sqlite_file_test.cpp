// The file itself: what lies in it, who may use it, and what is no longer there.
#include "file_contents.hpp"
#include "sqlite_fixture.hpp"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace journal_sqlite_file_test {

using namespace offboard;
using namespace offboard::journal_test;
using namespace std::chrono_literals;

namespace {

std::string hex(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

bool holds(const std::string& bytes, const std::string& text) {
    return contains(bytes, text) || contains(bytes, hex(text));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(sqlite_file_suite, sqlite_fixture)

BOOST_AUTO_TEST_CASE(after_retention_nobody_is_remembered) {
    open();
    // The keys, as they lie in the file: nothing may keep them either.
    constexpr std::size_t many = 300;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < many; ++i)
        ids.push_back("op-" + std::to_string(i));
    settle(ids);
    BOOST_REQUIRE(begin(made("open"), key_of("", "k", "f")).has_value());
    j.reset();
    const std::vector<std::string> keys = keys_in(path, "op-%");
    const std::vector<std::string> unsettled_key = keys_in(path, "open");
    BOOST_REQUIRE(keys.size() == many);
    BOOST_REQUIRE(unsettled_key.size() == 1U);
    open();
    time.pass(59min);
    BOOST_TEST(run(j->sweep()).value() == 0U);
    time.pass(1min);
    BOOST_TEST(run(j->sweep()).value() == many);
    BOOST_TEST(run(j->sweep()).value() == 0U);
    const std::string bytes = raw();
    BOOST_TEST(contains(bytes, unsettled_key[0]));
    for (std::size_t i = 0; i < many; ++i) {
        const std::string id = "op-" + std::to_string(i);
        BOOST_TEST(!holds(bytes, id + ".0@example.com"));
        BOOST_TEST(!holds(bytes, id + "-bill-0"));
        BOOST_TEST(!holds(bytes, id + " has been erased"));
        BOOST_TEST(keys[i].size() >= 32U);
        BOOST_TEST(!contains(bytes, keys[i]));
    }
    for (int round = 0; round < 2; ++round) {
        const auto kept = found("op-7");
        BOOST_REQUIRE(kept);
        BOOST_TEST(kept->what.customers[0].ref == "");
        BOOST_TEST((kept->steps[1].outcome.status == step_status::succeeded));
        BOOST_TEST(kept->steps[1].outcome.vendor.message.empty());
        BOOST_TEST((!kept->steps[1].who || kept->steps[1].who->value.empty()));
        BOOST_TEST(kept->settled_at.has_value());
        BOOST_TEST(lookup(identifier_kind::email, "op-7.0@example.com").size() == 1U);
        BOOST_TEST(found("open")->steps[0].who->value == "open.0@example.com");
        // A retry that had begun when the person was forgotten.
        BOOST_TEST(record(record_of("op-7",
                                    {change_to(1, step_status::succeeded, outcome_code::already_revoked, 7)}))
                       .has_value());
        BOOST_TEST(found("op-7")->steps[1].attempts == 7U);
        kill();
    }
}

BOOST_AUTO_TEST_CASE(expired_keys_and_old_departures_go) {
    open();
    BOOST_REQUIRE(begin(made("a"), key_of("", "k", "f")).has_value());
    const auto flight = run(j->depart(leaving("a", 0, time.today()))).value();
    BOOST_TEST(record({}, flight).has_value());
    time.pass(26h);
    BOOST_TEST(run(j->sweep()).value() == 0U);
    j.reset();
    BOOST_TEST(raw_sql(path, "SELECT count(*) FROM idempotency") == "0");
    BOOST_TEST(raw_sql(path, "SELECT count(*) FROM flight") == "0");
    BOOST_TEST(raw_sql(path, "PRAGMA auto_vacuum") == "2");
}

BOOST_AUTO_TEST_CASE(the_file_is_for_its_owner_and_one_process) {
    if (const char* of_parent = ::getenv("JOURNAL_TEST_FILE")) { // the second process
        settings.path = of_parent;
        const std::string why = refusal();
        std::filesystem::remove_all(directory);
        ::_exit(why.find("is in use by another process") != why.npos ? 0 : 1);
    }
    open();
    BOOST_REQUIRE(begin(made("a")).has_value());
    struct stat file {};
    for (const char* part : {"", "-wal"}) {
        BOOST_REQUIRE(::stat((path.string() + part).c_str(), &file) == 0);
        BOOST_TEST((file.st_mode & 0777U) == 0600U);
    }
    std::string program = "/proc/self/exe";
    std::string only = "--run_test=sqlite_file_suite/the_file_is_for_its_owner_and_one_process";
    std::string where = "JOURNAL_TEST_FILE=" + path.string();
    char* arguments[] = {program.data(), only.data(), nullptr};
    char* environment[] = {where.data(), nullptr};
    pid_t child = 0;
    BOOST_REQUIRE(::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environment) == 0);
    int status = -1;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST(status == 0);

    // The same process twice is no better.
    const auto holder = std::move(j);
    BOOST_TEST(refusal().find("is in use by another process") != std::string::npos);
    BOOST_TEST(run(holder->find("a")).has_value());
    BOOST_TEST(run(holder->begin(made("b"), std::nullopt)).has_value());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_taken_away_is_noticed_before_anything_is_promised) {
    open();
    BOOST_REQUIRE(begin(made("kept")).has_value());
    const std::filesystem::path elsewhere = directory / "elsewhere.db";
    std::filesystem::rename(path, elsewhere);
    BOOST_TEST((begin(made("lost")).error() == make_error_code(errc::journal_unavailable)));
    BOOST_TEST(!j->trouble().empty());
    std::filesystem::rename(elsewhere, path);
    // It waits for the file; when it is answered the file is back in use.
    BOOST_TEST(
        record(record_of("kept", {change_to(0, step_status::accepted, outcome_code::queued)})).has_value());
    BOOST_TEST(j->trouble().empty());
    BOOST_TEST(begin(made("later")).has_value());
    BOOST_TEST(!found("lost"));
    BOOST_TEST((found("kept")->steps[0].outcome.status == step_status::accepted));
}

BOOST_AUTO_TEST_CASE(other_files_are_refused_and_left_alone) {
    const auto refused = [&](const std::string& words) {
        const std::string before = raw();
        const std::string why = refusal();
        BOOST_TEST(why.find(words) != why.npos, why);
        BOOST_TEST((raw() == before), words);
    };
    tuned.retry_every = 1h;
    open();
    BOOST_REQUIRE(begin(made("a")).has_value());
    j.reset();
    raw_sql(path, "PRAGMA user_version = 99");
    refused("newer release");
    raw_sql(path, "PRAGMA user_version = 4; DROP TABLE operation_key");
    const std::string damaged = raw();
    open(); // somebody may put a better one in its place
    BOOST_TEST(j->trouble() == "damaged");
    BOOST_TEST((begin(made("b")).error() == make_error_code(errc::journal_unavailable)));
    j.reset();
    BOOST_TEST((raw() == damaged));

    std::filesystem::remove(path);
    raw_sql(path, "CREATE TABLE somebody(name)");
    refused("not a journal of offboard");
    std::filesystem::remove(path);
    std::ofstream(path) << std::string(5000, 'x');
    refused("not a journal of offboard");
    std::filesystem::remove(path);
    settings.path = (directory / "no" / "where.db").string();
    BOOST_TEST(refusal().find("cannot be made: No such file") != std::string::npos);
    settings.path = directory.string();
    BOOST_TEST(refusal().find("is not a file") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(master_keys_must_be_those_of_the_file) {
    open();
    settle({"a"});
    settings.keys = {key_named("one", 'x')};
    BOOST_TEST(refusal().find("master key \"one\" is not the one") != std::string::npos);
    settings.keys = {key_named("two", '2')};
    BOOST_TEST(refusal().find("master key \"one\" is still needed") != std::string::npos);
    settings.keys = {key_named("two", '2'), key_named("one")};
    open();
    BOOST_TEST(found("a")->steps[0].who->value == "a.0@example.com");
    settle({"b"});
    time.pass(1h);
    BOOST_TEST(run(j->sweep()).value() == 2U);
    settings.keys = {key_named("two", '2')}; // nothing needs the older one any more
    open();
    BOOST_TEST(found("a"));
    settings.keys = {key_named("one"), key_named("two", '2')}; // and back
    open();
    settle({"c"});
    settings.keys = {key_named("two", '2')};
    BOOST_TEST(refusal().find("master key \"one\" is still needed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(master_keys_are_exchanged_while_it_runs) {
    const auto use = [&](std::vector<journal::master_key> keys) { return run(j->use_keys(std::move(keys))); };
    open();
    settle({"a"});
    BOOST_REQUIRE(begin(made("b"), key_of("shop", "k", "f")).has_value());
    BOOST_TEST(use({key_named("two", '2'), key_named("one")}) == "");
    settle({"c"});
    BOOST_REQUIRE(
        record(record_of("b", {change_to(0, step_status::accepted, outcome_code::queued)})).has_value());
    for (const char* id : {"a", "b", "c"}) {
        BOOST_TEST_REQUIRE(found(id));
        BOOST_TEST(found(id)->steps[0].who->value == std::string(id) + ".0@example.com");
        BOOST_TEST(lookup(identifier_kind::email, std::string(id) + ".0@example.com").size() == 1U);
    }
    BOOST_TEST(begin(made("again"), key_of("shop", "k", "f"))->id == "b");

    // What cannot be used changes nothing.
    const auto holds = [](const std::string& text, const char* part) { return text.find(part) != text.npos; };
    BOOST_TEST(holds(use({key_named("two", 'x'), key_named("one")}), "\"two\" is not the one"));
    BOOST_TEST(holds(use({key_named("three", '3'), key_named("two", '2'), key_named("one", 'x')}),
                     "\"one\" is not the one"));
    BOOST_TEST(holds(use({key_named("two", '2')}), "\"one\" is still needed"));
    BOOST_TEST(holds(use({key_named("three", '3')}), "is still needed"));
    BOOST_TEST(found("a")->steps[0].who->value == "a.0@example.com");
    settle({"d"});

    // Once nothing needs it a key may go; and what was refused is not in the file.
    BOOST_REQUIRE(
        record(record_of("b", {change_to(1, step_status::succeeded, outcome_code::erased)}, time.today()))
            .has_value());
    time.pass(3h);
    BOOST_TEST(run(j->sweep()).value() == 4U);
    BOOST_TEST(use({key_named("two", '2')}) == "");
    settle({"e"});
    settings.keys = {key_named("two", '2')};
    kill();
    BOOST_TEST(found("e")->steps[0].who->value == "e.0@example.com");
    j.reset();
    BOOST_TEST(raw_sql(path, "SELECT group_concat(id) FROM master_key") == "two");
}

BOOST_AUTO_TEST_CASE(counting_what_was_left_needs_an_index_only) {
    open();
    j.reset();
    const std::string plan = raw_sql(path, "EXPLAIN QUERY PLAN SELECT count(*), sum(steps) FROM operation"
                                           " INDEXED BY unsettled WHERE settled_at IS NULL");
    BOOST_TEST(plan.find("COVERING INDEX unsettled") != plan.npos, plan);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_sqlite_file_test
