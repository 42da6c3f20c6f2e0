#pragma once

#include "sqlite_fixture.hpp"

#include <sqlite3.h>

#include <array>
#include <condition_variable>
#include <mutex>

namespace offboard::journal_test {

/// A way to the system that fails when it is told to: SQLite's usual one underneath.
namespace faulty {

enum class on { open, read, write, sync };
struct plan {
    std::mutex mutex;
    on what = on::write;
    int code = SQLITE_OK; ///< SQLITE_OK: nothing fails
    int countdown = 0;    ///< calls that still go well
    int failures = 0;     ///< calls that failed
    bool holding = false; ///< calls wait: the disk does not answer
    std::condition_variable released;
};
inline plan now;

inline int verdict(on what) {
    std::unique_lock lock(now.mutex);
    now.released.wait(lock, [] { return !now.holding; });
    if (now.code == SQLITE_OK || now.what != what) return SQLITE_OK;
    if (now.countdown > 0) {
        --now.countdown;
        return SQLITE_OK;
    }
    ++now.failures;
    return now.code;
}

inline void fail(on what, int code, int after) {
    const std::lock_guard lock(now.mutex);
    now.what = what;
    now.code = code;
    now.countdown = after;
    now.failures = 0;
}
/// How many calls failed.
inline int lift() {
    const std::lock_guard lock(now.mutex);
    now.code = SQLITE_OK;
    return now.failures;
}
inline int failures() {
    const std::lock_guard lock(now.mutex);
    return now.failures;
}
inline void hold(bool yes) {
    const std::lock_guard lock(now.mutex);
    now.holding = yes;
    now.released.notify_all();
}

inline sqlite3_vfs* usual() {
    static sqlite3_vfs* const found = sqlite3_vfs_find(nullptr);
    return found;
}

/// Ours, with the usual one's right behind it.
struct file {
    sqlite3_file base;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
inline file& of(sqlite3_file* f) {
    return *reinterpret_cast<file*>(f);
}

inline int close_file(sqlite3_file* f) {
    return of(f).real()->pMethods->xClose(of(f).real());
}
inline int read_file(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
    const int code = verdict(on::read);
    return code ? code : of(f).real()->pMethods->xRead(of(f).real(), to, size, at);
}
inline int write_file(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
    const int code = verdict(on::write);
    return code ? code : of(f).real()->pMethods->xWrite(of(f).real(), from, size, at);
}
inline int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
    const int code = verdict(on::write);
    return code ? code : of(f).real()->pMethods->xTruncate(of(f).real(), size);
}
/// Fails after the bytes have arrived, as fsync does: nobody can tell what is on the disk. Going well it does
/// nothing: no machine loses its power here, and thousands of them would be waited for.
inline int sync_file(sqlite3_file*, int) {
    return verdict(on::sync);
}
inline int size_of_file(sqlite3_file* f, sqlite3_int64* size) {
    return of(f).real()->pMethods->xFileSize(of(f).real(), size);
}
inline int lock_file(sqlite3_file* f, int level) {
    return of(f).real()->pMethods->xLock(of(f).real(), level);
}
inline int unlock_file(sqlite3_file* f, int level) {
    return of(f).real()->pMethods->xUnlock(of(f).real(), level);
}
inline int reserved_file(sqlite3_file* f, int* out) {
    return of(f).real()->pMethods->xCheckReservedLock(of(f).real(), out);
}
inline int control_file(sqlite3_file* f, int what, void* argument) {
    return of(f).real()->pMethods->xFileControl(of(f).real(), what, argument);
}
inline int sector_size(sqlite3_file* f) {
    return of(f).real()->pMethods->xSectorSize(of(f).real());
}
inline int characteristics(sqlite3_file* f) {
    return of(f).real()->pMethods->xDeviceCharacteristics(of(f).real());
}

/// Version 1, without shared memory: the journal holds its file alone, and does well without it.
inline const sqlite3_io_methods methods = [] {
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

inline int open_file(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
    f->pMethods = nullptr;
    if (const int code = verdict(on::open)) return code;
    const int code = usual()->xOpen(usual(), name, of(f).real(), flags, out);
    if (of(f).real()->pMethods) f->pMethods = &methods;
    return code;
}

inline const char* vfs() {
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
inline constexpr std::array faults = {
    disk_fault{"full", faulty::on::write, SQLITE_FULL, "disk full"},
    disk_fault{"write", faulty::on::write, SQLITE_IOERR_WRITE, "I/O error"},
    disk_fault{"read-only", faulty::on::write, SQLITE_READONLY, "read-only"},
    disk_fault{"fsync", faulty::on::sync, SQLITE_IOERR_FSYNC, "I/O error"},
};

/// For what fails at its n-th call: the ways in which it can, in turn.
inline disk_fault nth_fault(faulty::on what, int n) {
    switch (what) {
    case faulty::on::write: return faults[static_cast<std::size_t>(n) % 3];
    case faulty::on::sync: return faults[3];
    case faulty::on::read: return {"read", what, SQLITE_IOERR_READ, "I/O error"};
    case faulty::on::open: break;
    }
    return {"open", what, SQLITE_CANTOPEN, "cannot be opened"};
}

/// A journal on that way to the system.
struct faulty_fixture : sqlite_fixture {
    faulty_fixture() { tuned.vfs = faulty::vfs(); }
    ~faulty_fixture() {
        faulty::lift();
        faulty::hold(false);
    }

    void await_trouble() {
        while (j->trouble().empty())
            static_cast<void>(run(j->find("nobody")));
    }
    /// Until trouble is over: the journal answers each round on its own thread.
    void recover() {
        while (!j->trouble().empty())
            static_cast<void>(run(j->find("nobody")));
    }
    /// Until the thread has done what it does between two rounds.
    void settle_down() {
        for (int round = 0; round < 2; ++round)
            static_cast<void>(run(j->find("nobody")));
    }
    /// Both files of a journal under another name, in the place of what is there.
    static void copy(const std::filesystem::path& from, const std::filesystem::path& to) {
        for (const char* part : {"", "-wal"}) {
            std::filesystem::remove(to.string() + part);
            if (std::filesystem::exists(from.string() + part))
                std::filesystem::copy_file(from.string() + part, to.string() + part);
        }
    }
};

} // namespace offboard::journal_test
