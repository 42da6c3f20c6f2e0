// The disk fails while the file is being opened: the journal comes up when the disk does, with all that an
// earlier process left.
#include "faulty_vfs.hpp"

namespace journal_opening_fault_test {

using namespace offboard;
using namespace offboard::journal_test;
using namespace std::chrono_literals;

namespace {

/// A statement on a file that no journal has open.
void run_sql(const std::filesystem::path& file, const char* sql) {
    sqlite3* db = nullptr;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    BOOST_REQUIRE(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
}

struct opening_fixture : faulty_fixture {
    std::filesystem::path left = directory / "left.db";     ///< by a process that was killed
    std::filesystem::path closed = directory / "closed.db"; ///< the same, stopped in the middle of its calls
    journal::flight_number last_flight = 0;

    opening_fixture() {
        open();
        settle({"settled"});
        BOOST_REQUIRE(begin(made("waiting"), key_of("shop", "k", "f")).has_value());
        BOOST_REQUIRE(begin(made("flying")).has_value());
        const auto landed = run(j->depart(leaving("waiting", 0, time.today())));
        BOOST_REQUIRE(
            record(record_of("waiting", {change_to(0, step_status::pending, outcome_code::vendor_busy)}),
                   *landed)
                .has_value());
        last_flight = run(j->depart(leaving("flying", 1, time.today()))).value();
        copy(path, left);
        j.reset();
        copy(path, closed);
        settings.keys = {key_named("two", '2'), key_named("one")}; // one more thing to be written
    }

    void lay_out(const std::filesystem::path& from, const std::string& name) {
        j.reset();
        path = directory / (name + ".db");
        settings.path = path.string();
        if (!from.empty()) copy(from, path);
    }

    void check_refused() {
        BOOST_TEST(!opened.has_value());
        BOOST_TEST(begin(made("early")).error() == make_error_code(errc::journal_unavailable));
        BOOST_TEST(run(j->depart(leaving("waiting", 0, time.today()))).error() ==
                   make_error_code(errc::journal_unavailable));
        BOOST_TEST(j->left_behind().operations == 0U);
        BOOST_TEST(j->departed_since({}).empty());
    }

    void check_inheritance(std::size_t calls_since) {
        BOOST_REQUIRE(opened.has_value());
        BOOST_TEST(opened->has_value());
        BOOST_TEST(j->left_behind().operations == 2U);
        BOOST_TEST(j->left_behind().steps == 4U);
        BOOST_TEST(j->departed_since({}).size() == 2 + calls_since);
        BOOST_TEST((found("settled")->settled_at.has_value()));
        BOOST_TEST(to_string(found("waiting")->steps[0].outcome.code) == "vendor_busy");
        const auto flying = found("flying");
        BOOST_TEST(flying->steps[1].history.lost == 1U);
        BOOST_TEST(flying->steps[1].attempts == 1U);
        BOOST_TEST(!found("early"));
        const auto again = begin(made("again"), key_of("shop", "k", "f"));
        BOOST_TEST(again.value().replayed);
        BOOST_TEST(again.value().id == "waiting");
        const auto next = run(j->depart(leaving("waiting", 0, time.today())));
        BOOST_TEST(next.value() > last_flight + calls_since);
        BOOST_TEST(record({}, *next).has_value());
    }
};

constexpr std::array any_call = {faulty::on::open, faulty::on::read, faulty::on::write, faulty::on::sync};

/// Reads are many and change nothing: not each of them needs its turn.
int step_of(faulty::on what) {
    return what == faulty::on::read ? 5 : 1;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(opening_fault_suite, opening_fixture)

BOOST_AUTO_TEST_CASE(whatever_fails_at_start_all_that_was_left_is_there_when_the_disk_is_well) {
    for (const faulty::on what : any_call) {
        int n = 0;
        for (bool failed = true; failed; n += step_of(what)) {
            const disk_fault f = nth_fault(what, n);
            BOOST_TEST_CONTEXT(f.name << " at " << n) {
                lay_out(left, std::string("left-") + f.name + std::to_string(n));
                faulty::fail(f.what, f.code, n);
                open();
                failed = faulty::failures() > 0;
                if (failed) {
                    BOOST_TEST(j->trouble() == f.words);
                    check_refused();
                }
                faulty::lift();
                recover();
                for (std::size_t round = 0; round < 2; ++round) {
                    check_inheritance(round);
                    if (round == 0) open();
                }
            }
        }
        BOOST_TEST(n > 1);
    }
}

BOOST_AUTO_TEST_CASE(whatever_fails_while_the_file_is_made_it_is_made_when_the_disk_is_well) {
    for (const faulty::on what : any_call) {
        int n = 0;
        for (bool failed = true; failed; n += step_of(what)) {
            const disk_fault f = nth_fault(what, n);
            BOOST_TEST_CONTEXT(f.name << " at " << n) {
                lay_out({}, std::string("new-") + f.name + std::to_string(n));
                faulty::fail(f.what, f.code, n);
                open();
                failed = faulty::failures() > 0;
                if (failed) {
                    BOOST_TEST(j->trouble() == f.words);
                    check_refused();
                }
                faulty::lift();
                recover();
                BOOST_TEST(opened->has_value());
                BOOST_TEST(begin(made("first")).has_value());
                open();
                BOOST_TEST(found("first"));
                BOOST_TEST(j->left_behind().operations == 1U);
                j.reset();
                std::ifstream in(path, std::ios::binary);
                in.seekg(67); // of the header: room is given back when asked for
                BOOST_TEST(in.get() == 1);
            }
        }
        BOOST_TEST(n > 1);
    }
}

BOOST_AUTO_TEST_CASE(closing_before_it_has_opened_tells_who_waits) {
    tuned.retry_every = 1h;
    for (const auto& from : {left, std::filesystem::path()}) {
        lay_out(from, from.empty() ? "new" : "old");
        faulty::fail(faulty::on::write, SQLITE_FULL, 0);
        open();
        BOOST_TEST(j->trouble() == "disk full");
        j->close();
        finish();
        BOOST_TEST(opened->error() == make_error_code(errc::journal_unavailable));
        faulty::lift();
    }
}

BOOST_AUTO_TEST_CASE(who_waits_for_it_twice_is_told_twice) {
    lay_out(left, "twice");
    faulty::fail(faulty::on::write, SQLITE_FULL, 0);
    open();
    std::optional<result<void>> second;
    start(j->opened(), second);
    poll();
    BOOST_TEST(!second.has_value());
    faulty::lift();
    finish();
    BOOST_TEST(second->has_value());
    check_inheritance(0);
    BOOST_TEST(run(j->opened()).has_value());
}

BOOST_AUTO_TEST_CASE(a_disk_that_does_not_answer_is_waited_for_without_standing_still) {
    lay_out(left, "hanging");
    tuned.first_look = 1ms;
    faulty::hold(true);
    open();
    BOOST_TEST(j->trouble() == "being opened");
    check_refused();
    faulty::hold(false);
    recover();
    check_inheritance(0);
}

BOOST_AUTO_TEST_CASE(what_turns_out_to_be_unusable_later_is_told_and_tried_again) {
    struct other {
        const char* sql; ///< what makes it so
        bool key;        ///< a key that it needs is not given
        const char* words;
    };
    constexpr std::array others = {
        other{"PRAGMA user_version = 99", false, "was made by a newer release"},
        other{"PRAGMA application_id = 7", false, "is not a journal of offboard"},
        other{"DROP TABLE operation_key", false, "damaged"},
        other{"PRAGMA user_version = 3", true, "master key \"three\" is still needed and not given"},
    };
    for (const other& o : others) {
        BOOST_TEST_CONTEXT(o.words) {
            const std::filesystem::path bad = directory / "bad.db";
            copy(closed, bad);
            run_sql(bad, o.sql);
            if (o.key)
                run_sql(bad, "INSERT INTO master_key VALUES(9, 'three', x'00');"
                             "UPDATE operation SET key = 9 WHERE id = 'waiting'");
            lay_out(closed, "late");
            faulty::fail(faulty::on::write, SQLITE_FULL, 0);
            open();
            BOOST_TEST(j->trouble() == "disk full");
            std::filesystem::rename(bad, path);
            faulty::lift();
            // A try that was under way finds that the file is another one by now.
            while (j->trouble() == "disk full" || j->trouble() == "cannot be opened")
                static_cast<void>(run(j->find("nobody")));
            BOOST_TEST(j->trouble() == o.words);
            check_refused();
            copy(closed, bad);
            std::filesystem::rename(bad, path);
            recover();
            check_inheritance(0);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_taken_away_meanwhile_is_not_made_anew) {
    lay_out(closed, "away");
    faulty::fail(faulty::on::write, SQLITE_FULL, 0);
    open();
    BOOST_TEST(j->trouble() == "disk full");
    const std::filesystem::path aside = directory / "aside.db";
    std::filesystem::rename(path, aside);
    faulty::lift();
    while (j->trouble() == "disk full")
        static_cast<void>(run(j->find("nobody")));
    BOOST_TEST(j->trouble() == "cannot be opened");
    check_refused();
    BOOST_TEST(!std::filesystem::exists(path));
    std::filesystem::rename(aside, path);
    recover();
    check_inheritance(0);
}

BOOST_AUTO_TEST_CASE(a_late_verdict_on_a_disk_that_did_not_answer_ends_nothing) {
    lay_out(closed, "hanging");
    run_sql(path, "PRAGMA user_version = 99");
    tuned.first_look = 1ms;
    faulty::hold(true);
    open();
    faulty::hold(false);
    while (j->trouble() == "being opened")
        static_cast<void>(run(j->find("nobody")));
    BOOST_TEST(j->trouble() == "was made by a newer release");
    check_refused();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_opening_fault_test
