#include "faulty_vfs.hpp"

#include <boost/test/data/test_case.hpp>

#include <array>
#include <csignal>
#include <sys/resource.h>

namespace journal_disk_fault_test {

using namespace offboard;
using namespace offboard::journal_test;
using namespace std::chrono_literals;

namespace {

struct disk_fixture : faulty_fixture {
    void check_refused(const std::string& id, const result<journal::begun>& answer) {
        BOOST_TEST(answer.error() == make_error_code(errc::journal_unavailable));
        BOOST_TEST(!found(id));
    }
};

/// What became of one run.
struct story {
    result<journal::begun> begun = errc::cancelled;
    result<journal::flight_number> departed = errc::cancelled;
    std::optional<result<void>> recorded;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(disk_fault_suite, disk_fixture)

/// How much the tail takes before it is folded: more than is written here, and nothing.
constexpr std::array<std::int64_t, 2> tail_sizes = {512, 1};

BOOST_DATA_TEST_CASE_F(disk_fixture, no_answer_is_contradicted_whichever_write_fails, tail_sizes, slots) {
    tuned.tail_slots = slots;
    for (const disk_fault& f : faults) {
        int n = 0;
        for (bool failed = true; failed; ++n) {
            BOOST_TEST_CONTEXT(f.name << " at " << n) {
                const std::string id = std::string(f.name) + "-" + std::to_string(n);
                open();
                story s;
                faulty::fail(f.what, f.code, n);
                s.begun = begin(made(id), key_of("", id, "f"));
                if (s.begun.has_value()) s.departed = run(j->depart(leaving(id, 0, time.today())));
                if (s.departed.has_value()) {
                    start(
                        j->record(record_of(id, {change_to(0, step_status::accepted, outcome_code::queued)}),
                                  *s.departed),
                        s.recorded);
                    // It may have to wait, and what can be read is read meanwhile.
                    while (!s.recorded && j->trouble().empty())
                        static_cast<void>(run(j->find(id)));
                }
                static_cast<void>(run(j->find("nobody"))); // the thread has done what follows an answer
                failed = faulty::failures() > 0;
                if (failed) {
                    BOOST_TEST(j->trouble() == f.words);
                    BOOST_TEST(begin(made("meanwhile")).error() ==
                               make_error_code(errc::journal_unavailable));
                }
                faulty::lift();
                recover();
                finish();
                for (int round = 0; round < 2; ++round) {
                    if (s.begun.has_value())
                        BOOST_TEST(found(id));
                    else
                        check_refused(id, s.begun);
                    if (s.recorded) BOOST_TEST(s.recorded->has_value());
                    if (s.recorded) BOOST_TEST((found(id)->steps[0].outcome.status == step_status::accepted));
                    if (s.begun.has_value() && s.departed.has_error())
                        BOOST_TEST(found(id)->steps[0].history.lost == 0U);
                    open();
                }
                if (s.begun.has_error()) { // its key was not taken, nor its person remembered
                    BOOST_TEST(lookup(identifier_kind::email, id + ".0@example.com").empty());
                    BOOST_TEST(!begin(made(id), key_of("", id, "other")).value().replayed);
                }
                BOOST_TEST(!found("meanwhile"));
            }
        }
        BOOST_TEST(n > 3);
    }
}

BOOST_AUTO_TEST_CASE(what_was_refused_is_not_there_after_a_kill_in_the_trouble) {
    for (const disk_fault& f : faults) {
        bool failed = true;
        for (int n = 0; failed; ++n) {
            BOOST_TEST_CONTEXT(f.name << " at " << n) {
                tuned.retry_every = 1h;
                open();
                const std::string id = std::string(f.name) + "-" + std::to_string(n);
                faulty::fail(f.what, f.code, n);
                const auto begun = begin(made(id));
                result<journal::flight_number> departed = errc::cancelled;
                if (begun.has_value()) departed = run(j->depart(leaving(id, 0, time.today())));
                failed = faulty::lift() > 0;
                kill();
                BOOST_TEST(begun.has_value() == (found(id) != nullptr));
                if (begun.has_value() && departed.has_error())
                    BOOST_TEST(found(id)->steps[0].history.lost == 0U);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(records_wait_in_order_and_are_written_when_the_disk_is_back) {
    open();
    BOOST_REQUIRE(begin(made("a")).has_value());
    BOOST_REQUIRE(begin(made("b")).has_value());
    faulty::fail(faulty::on::write, SQLITE_IOERR_WRITE, 0);
    std::vector<std::optional<result<void>>> out(20);
    for (std::size_t i = 0; i < out.size(); ++i)
        start(j->record(
                  record_of(i % 2 ? "a" : "b", {change_to(0, step_status::pending, outcome_code::vendor_error,
                                                          static_cast<std::uint32_t>(i))}),
                  std::nullopt),
              out[i]);
    await_trouble();
    for (const auto& r : out)
        BOOST_TEST(!r.has_value());
    BOOST_TEST(j->trouble() == "I/O error");
    faulty::lift();
    finish();
    for (const auto& r : out)
        BOOST_TEST(r->has_value());
    recover();
    BOOST_TEST(found("a")->steps[0].attempts == 19U);
    BOOST_TEST(found("b")->steps[0].attempts == 18U);
}

BOOST_AUTO_TEST_CASE(closing_in_trouble_gives_up) {
    tuned.retry_every = 1h;
    open();
    BOOST_REQUIRE(begin(made("a")).has_value());
    faulty::fail(faulty::on::sync, SQLITE_IOERR_FSYNC, 0);
    std::optional<result<void>> out;
    start(
        j->record(record_of("a", {change_to(0, step_status::accepted, outcome_code::queued)}), std::nullopt),
        out);
    await_trouble();
    j->close();
    finish();
    BOOST_TEST(out->error() == make_error_code(errc::journal_unavailable));
}

BOOST_AUTO_TEST_CASE(another_file_in_its_place_is_not_taken_for_it) {
    open();
    BOOST_REQUIRE(begin(made("a")).has_value());
    const std::filesystem::path away = directory / "away.db";
    std::filesystem::rename(path, away);
    std::filesystem::copy_file(away, path);
    faulty::fail(faulty::on::sync, SQLITE_IOERR_FSYNC, 0);
    BOOST_TEST(begin(made("b")).has_error());
    faulty::lift();
    // The file that was moved is read until it is let go of; the other one is never taken for it.
    while (run(j->find("a")).has_value()) {
    }
    BOOST_TEST(run(j->find("a")).error() == make_error_code(errc::journal_unavailable));
    BOOST_TEST(j->trouble() == "cannot be opened");
    std::filesystem::rename(away, path);
    recover();
    BOOST_TEST(found("a"));
    BOOST_TEST(!found("b"));
}

BOOST_AUTO_TEST_CASE(a_damaged_page_is_told_and_the_rest_is_not_trusted) {
    tuned.retry_every = 1h;
    open();
    for (int i = 0; i < 200; ++i)
        BOOST_REQUIRE(begin(made("op-" + std::to_string(i))).has_value());
    j.reset();
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        const auto pages = std::filesystem::file_size(path) / 4096;
        for (std::uintmax_t p = 3; p < pages; ++p) {
            file.seekp(static_cast<std::streamoff>(p * 4096));
            file << std::string(4096, '\x5a');
        }
    }
    open();
    BOOST_TEST(begin(made("late")).error() == make_error_code(errc::journal_unavailable));
    BOOST_TEST(j->trouble() == "damaged");
}

BOOST_AUTO_TEST_CASE(an_exchange_of_keys_that_failed_and_is_there_all_the_same_loses_nothing) {
    open();
    BOOST_REQUIRE(run(j->depart(leaving("nobody", 0, time.today()))).has_value()); // not the first in the log
    faulty::fail(faulty::on::sync, SQLITE_IOERR_FSYNC, 0);
    BOOST_TEST(run(j->use_keys({key_named("two", '2')})) != "");
    faulty::fail(faulty::on::write, SQLITE_IOERR_WRITE, 0); // so nothing is written over it
    BOOST_TEST(begin(made("refused")).has_error());
    static_cast<void>(run(j->find("nobody")));
    faulty::lift();
    recover();
    BOOST_REQUIRE(begin(made("a")).has_value());
    BOOST_TEST(run(j->use_keys({key_named("two", '2'), key_named("one")})) == "");
    BOOST_TEST(found("a"));
    settings.keys = {key_named("two", '2'), key_named("one")};
    open();
    BOOST_TEST(found("a"));
}

/// A limit on the size of files, in the place of a disk with little room.
struct size_limit {
    explicit size_limit(rlim_t most) {
        std::signal(SIGXFSZ, SIG_IGN);
        BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
        rlimit now = before;
        now.rlim_cur = most;
        BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &now) == 0);
    }
    ~size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, SIG_DFL);
    }
    rlimit before{};
};

BOOST_AUTO_TEST_CASE(a_fold_for_which_there_is_no_room_makes_room_itself) {
    tuned.tail_slots = 200;
    open();
    for (int i = 0; i < 199; ++i)
        BOOST_REQUIRE(begin(made("op-" + std::to_string(i))).has_value());
    const auto room = std::filesystem::file_size(path.string() + "-wal") + 120'000;
    const size_limit limit(room);
    BOOST_REQUIRE(begin(made("last")).has_value()); // fills the tail
    bool taken = false;
    for (int look = 0; look < 200 && !taken; ++look) {
        settle_down();
        taken = begin(made("next-" + std::to_string(look))).has_value();
    }
    BOOST_TEST(taken);
    BOOST_TEST(found("last"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_disk_fault_test
