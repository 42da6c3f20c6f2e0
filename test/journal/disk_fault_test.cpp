#include "sqlite_fixture.hpp"

#include <sqlite3.h>

#include <array>
#include <mutex>

using namespace offboard;
using namespace offboard::journal_test;
using namespace std::chrono_literals;

namespace {

/// A way to the system that fails when it is told to: SQLite's usual one underneath.
namespace faulty {

enum class on { write, sync };
struct plan {
    std::mutex mutex;
    on what = on::write;
    int code = SQLITE_OK; ///< SQLITE_OK: nothing fails
    int countdown = 0;    ///< calls that still go well
    int failures = 0;     ///< calls that failed
} now;

int verdict(on what) {
    const std::lock_guard lock(now.mutex);
    if (now.code == SQLITE_OK || now.what != what) return SQLITE_OK;
    if (now.countdown > 0) {
        --now.countdown;
        return SQLITE_OK;
    }
    ++now.failures;
    return now.code;
}

void fail(on what, int code, int after) {
    const std::lock_guard lock(now.mutex);
    now.what = what;
    now.code = code;
    now.countdown = after;
    now.failures = 0;
}
/// How many calls failed.
int lift() {
    const std::lock_guard lock(now.mutex);
    now.code = SQLITE_OK;
    return now.failures;
}
int failures() {
    const std::lock_guard lock(now.mutex);
    return now.failures;
}

sqlite3_vfs* usual() {
    static sqlite3_vfs* const found = sqlite3_vfs_find(nullptr);
    return found;
}

/// Ours, with the usual one's right behind it.
struct file {
    sqlite3_file base;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
file& of(sqlite3_file* f) {
    return *reinterpret_cast<file*>(f);
}

int close_file(sqlite3_file* f) {
    return of(f).real()->pMethods->xClose(of(f).real());
}
int read_file(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
    return of(f).real()->pMethods->xRead(of(f).real(), to, size, at);
}
int write_file(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
    const int code = verdict(on::write);
    return code ? code : of(f).real()->pMethods->xWrite(of(f).real(), from, size, at);
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
    const int code = verdict(on::write);
    return code ? code : of(f).real()->pMethods->xTruncate(of(f).real(), size);
}
/// Fails after the bytes have arrived, as fsync does: nobody can tell what is on the disk.
int sync_file(sqlite3_file* f, int flags) {
    const int code = verdict(on::sync);
    return code ? code : of(f).real()->pMethods->xSync(of(f).real(), flags);
}
int size_of_file(sqlite3_file* f, sqlite3_int64* size) {
    return of(f).real()->pMethods->xFileSize(of(f).real(), size);
}
int lock_file(sqlite3_file* f, int level) {
    return of(f).real()->pMethods->xLock(of(f).real(), level);
}
int unlock_file(sqlite3_file* f, int level) {
    return of(f).real()->pMethods->xUnlock(of(f).real(), level);
}
int reserved_file(sqlite3_file* f, int* out) {
    return of(f).real()->pMethods->xCheckReservedLock(of(f).real(), out);
}
int control_file(sqlite3_file* f, int what, void* argument) {
    return of(f).real()->pMethods->xFileControl(of(f).real(), what, argument);
}
int sector_size(sqlite3_file* f) {
    return of(f).real()->pMethods->xSectorSize(of(f).real());
}
int characteristics(sqlite3_file* f) {
    return of(f).real()->pMethods->xDeviceCharacteristics(of(f).real());
}

/// Version 1, without shared memory: the journal holds its file alone, and does well without it.
const sqlite3_io_methods methods = [] {
    sqlite3_io_methods m{};
    m.iVersion = 1;
    m.xClose = close_file;
    m.xRead = read_file;
    m.xWrite = write_file;
    m.xTruncate = truncate_file;
    m.xSync = sync_file;
    m.xFileSize = size_of_file;
    m.xLock = lock_file;
    m.xUnlock = unlock_file;
    m.xCheckReservedLock = reserved_file;
    m.xFileControl = control_file;
    m.xSectorSize = sector_size;
    m.xDeviceCharacteristics = characteristics;
    return m;
}();

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
    f->pMethods = nullptr;
    const int code = usual()->xOpen(usual(), name, of(f).real(), flags, out);
    if (of(f).real()->pMethods) f->pMethods = &methods;
    return code;
}

const char* vfs() {
    static sqlite3_vfs ours = [] {
        sqlite3_vfs v = *usual();
        v.zName = "faulty";
        v.szOsFile = static_cast<int>(sizeof(file)) + usual()->szOsFile;
        v.pNext = nullptr;
        v.xOpen = open_file;
        return v;
    }();
    static const int registered = sqlite3_vfs_register(&ours, 0);
    BOOST_REQUIRE(registered == SQLITE_OK);
    return ours.zName;
}

} // namespace faulty

struct disk_fault {
    const char* name;
    faulty::on what;
    int code;
    const char* words;
};
constexpr std::array faults = {
    disk_fault{"full", faulty::on::write, SQLITE_FULL, "disk full"},
    disk_fault{"write", faulty::on::write, SQLITE_IOERR_WRITE, "I/O error"},
    disk_fault{"read-only", faulty::on::write, SQLITE_READONLY, "read-only"},
    disk_fault{"fsync", faulty::on::sync, SQLITE_IOERR_FSYNC, "I/O error"},
};

struct disk_fixture : sqlite_fixture {
    disk_fixture() { tuned.vfs = faulty::vfs(); }
    ~disk_fixture() { faulty::lift(); }

    void await_trouble() {
        while (j->trouble().empty())
            run(j->find("nobody"));
    }
    /// Until trouble is over: the journal answers each round on its own thread.
    void recover() {
        while (!j->trouble().empty())
            run(j->find("nobody"));
    }

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

BOOST_AUTO_TEST_CASE(no_answer_is_contradicted_whichever_write_fails) {
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
                    start(j->record(record_of(id, {change_to(0, step_status::accepted, "queued")}),
                                    *s.departed),
                          s.recorded);
                    // It may have to wait, and what can be read is read meanwhile.
                    while (!s.recorded && j->trouble().empty())
                        run(j->find(id));
                }
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
        start(j->record(record_of(i % 2 ? "a" : "b", {change_to(0, step_status::pending, "answer_timeout",
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
    start(j->record(record_of("a", {change_to(0, step_status::accepted, "queued")}), std::nullopt), out);
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
    const std::string why = refusal();
    if (why == "opened") {
        BOOST_TEST(begin(made("late")).error() == make_error_code(errc::journal_unavailable));
        BOOST_TEST(j->trouble() == "damaged");
    } else
        BOOST_TEST(why.find("damaged") != why.npos, why);
}

BOOST_AUTO_TEST_SUITE_END()
