// Files of earlier releases.
#include "keyring.hpp"
#include "sqlite_fixture.hpp"

#include <boost/test/data/test_case.hpp>

#include <array>

namespace journal_migration_test {

using namespace offboard;
using namespace offboard::journal_test;
using namespace std::chrono_literals;

namespace {

/// The tables as releases made them that knew nothing later.
constexpr const char* version_1 = R"(
CREATE TABLE master_key(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, mark BLOB NOT NULL);
CREATE TABLE operation(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, caller TEXT NOT NULL, created_at INTEGER NOT NULL,
  settled_at INTEGER, retried_at INTEGER, steps INTEGER NOT NULL, key INTEGER);
CREATE INDEX unsettled ON operation(created_at, number, steps, settled_at) WHERE settled_at IS NULL;
CREATE INDEX retained ON operation(settled_at) WHERE settled_at IS NOT NULL AND key IS NOT NULL;
CREATE TABLE operation_key(operation INTEGER PRIMARY KEY, wrapped BLOB NOT NULL);
CREATE TABLE entry(place INTEGER PRIMARY KEY, text BLOB NOT NULL);
CREATE TABLE subject(hash BLOB NOT NULL, operation INTEGER NOT NULL, PRIMARY KEY(hash, operation))
  WITHOUT ROWID;
CREATE TABLE idempotency(
  hash BLOB PRIMARY KEY, fingerprint BLOB NOT NULL, operation INTEGER NOT NULL, key INTEGER NOT NULL,
  expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX expiry ON idempotency(expires_at);
CREATE TABLE flight(number INTEGER PRIMARY KEY, vendor TEXT NOT NULL, at INTEGER NOT NULL, steps TEXT);
CREATE TABLE heartbeat(number INTEGER PRIMARY KEY, beat BLOB NOT NULL);
)";
/// What version 2 has beside, and in place of its `subject`.
constexpr const char* version_2 = R"(
CREATE TABLE tail(slot INTEGER PRIMARY KEY, text BLOB NOT NULL);
CREATE TABLE round(number INTEGER NOT NULL);
DROP TABLE subject;
CREATE TABLE subject(era INTEGER NOT NULL, hash BLOB NOT NULL, operation INTEGER NOT NULL,
  PRIMARY KEY(era, hash, operation)) WITHOUT ROWID;
)";

constexpr std::array<int, 2> versions = {1, 2};

/// What fills `subject` as it was.
std::string subject_rows(const journal::keyring& ring, const std::vector<std::shared_ptr<operation>>& of,
                         int version) {
    std::string out;
    for (const auto& op : of)
        for (const customer& c : op->what.customers)
            for (const identifier& who : c.identifiers) {
                const journal::subject_hash hash = ring.subject(who);
                out += version == 1 ? "INSERT INTO subject SELECT x'" : "INSERT INTO subject SELECT 0, x'";
                for (const char byte : hash) {
                    static constexpr char digits[] = "0123456789abcdef";
                    out += digits[static_cast<unsigned char>(byte) >> 4];
                    out += digits[static_cast<unsigned char>(byte) & 15];
                }
                out += "', number FROM operation WHERE id = '" + op->id + "';";
            }
    return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(migration_suite, sqlite_fixture)

BOOST_DATA_TEST_CASE_F(sqlite_fixture, a_file_of_an_earlier_version_is_brought_to_this_one, versions,
                       version) {
    open();
    const auto a = made("a");
    const auto b = made("b");
    const auto unsettled = made("open", 3);
    for (const auto& op : {a, b})
        BOOST_REQUIRE(begin(op).has_value());
    BOOST_REQUIRE(begin(unsettled, key_of("", "k", "f")).has_value());
    BOOST_TEST(run(j->sweep()).value() == 0U); // what comes behind is in rows of its own, as everything was
    for (const auto& op : {a, b})
        BOOST_REQUIRE(record(record_of(op->id, {change_to(0, step_status::accepted, outcome_code::queued)},
                                       time.today()))
                          .has_value());
    BOOST_REQUIRE(run(j->depart(leaving("open", 1, time.today()))).has_value());
    if (version == 1) BOOST_TEST(run(j->sweep()).value() == 0U);
    BOOST_REQUIRE(begin(made(version == 1 ? "large" : "late", version == 1 ? 1000 : 1)).has_value());
    kill(); // the last of them is in the tail, where there is one
    j.reset();
    BOOST_REQUIRE(raw_sql(path, "SELECT max(entries) FROM entry") == "1");

    const std::filesystem::path old = directory / "earlier.db";
    std::string copied = "ATTACH '" + path.string() + "' AS present;";
    std::vector<std::string> tables = {"master_key", "operation", "operation_key", "idempotency"};
    if (version == 2) tables.insert(tables.end(), {"tail", "round"});
    for (const std::string& table : tables)
        copied += "INSERT INTO " + table + " SELECT * FROM present." + table + ";";
    copied += "INSERT INTO entry SELECT place, text FROM present.entry;"
              "INSERT INTO flight SELECT number, vendor, at, steps FROM present.flight;";
    raw_sql(old, std::string("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;") + version_1 +
                     (version == 2 ? version_2 : "") + copied +
                     subject_rows(journal::keyring(settings.keys), {a, b, unsettled}, version) +
                     "PRAGMA application_id = 1330004554; PRAGMA user_version = " + std::to_string(version));
    path = old;
    settings.path = path.string();
    open();
    for (int round = 0; round < 2; ++round) {
        BOOST_TEST(found("a")->settled_at.has_value());
        BOOST_TEST((found("a")->steps[0].outcome.status == step_status::accepted));
        BOOST_TEST(lookup(identifier_kind::email, "b.0@example.com") == std::vector<std::string>{"b"},
                   boost::test_tools::per_element());
        BOOST_TEST(lookup(identifier_kind::email, "open.2@example.com").size() == 1U);
        BOOST_TEST(found("open")->steps[1].history.lost == 1U);
        BOOST_TEST(run(j->recall(key_of("", "k", "f"))).value().value() == "open");
        BOOST_TEST(j->left_behind().operations == 2U);
        BOOST_TEST(found(version == 1 ? "large" : "late") != nullptr);
        open();
    }
    settle({"c"});
    time.pass(1h);
    BOOST_TEST(run(j->sweep()).value() == 3U);
    j.reset();
    BOOST_TEST(raw_sql(path, "PRAGMA user_version") == "4");
    BOOST_TEST(raw_sql(path, "PRAGMA integrity_check") == "ok");
    BOOST_TEST(raw_sql(path, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'subject_%'") == "0");
}

BOOST_AUTO_TEST_CASE(a_ref_that_an_earlier_version_kept_goes_with_the_upgrade) {
    settings.retention = 0s;
    open();
    for (const char* id : {"a", "b"}) {
        BOOST_REQUIRE(begin(made(id)).has_value());
        BOOST_REQUIRE(
            record(record_of(id, {change_to(0, step_status::accepted, outcome_code::queued)}, time.today()))
                .has_value());
    }
    BOOST_TEST(run(j->sweep()).value() == 2U);
    kill();
    j.reset();
    raw_sql(
        path,
        R"(UPDATE entry SET text = CAST(replace(CAST(text AS TEXT), '"customers":[{', '"customers":[{"ref":"crm-7",') AS BLOB);
        PRAGMA user_version = 3)");
    BOOST_REQUIRE(raw_sql(path, "SELECT count(*) FROM entry WHERE instr(text, CAST('crm-7' AS BLOB))") ==
                  "2");
    open();
    for (const char* id : {"a", "b"}) {
        BOOST_TEST(found(id)->what.customers[0].ref == "");
        BOOST_TEST((found(id)->steps[0].outcome.status == step_status::accepted));
    }
    kill();
    j.reset();
    BOOST_TEST(raw_sql(path, "SELECT count(*) FROM entry WHERE instr(text, CAST('crm-7' AS BLOB))") == "0");
    BOOST_TEST(raw_sql(path, "PRAGMA user_version") == "4");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_migration_test
