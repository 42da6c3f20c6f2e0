// How the file is opened for the first time: the constructor waits for a while, the thread for as long as it
// takes.
#include "writer.hpp"

#include <sqlite3.h>

#include <stdexcept>

namespace offboard::journal::sqlite {

void writer::await_first_try() {
    std::unique_lock lock(mutex_);
    if (!progressed_.wait_for(lock, tuned_.first_look,
                              [this] { return thread_progress_ != progress::first_try; }))
        log_.warn("the journal cannot be opened", {{"why", "the disk does not answer"}});
    owner_ = owner_wish::serving;
    if (thread_progress_ != progress::ended) return;
    lock.unlock();
    thread_.join();
    throw std::runtime_error("journal " + file_.path() + ": " + trouble_);
}

/// False when no disk is to blame and the constructor still waits: the thread ends, and the constructor
/// throws. Later no caller could be told.
bool writer::first_try() {
    busy_since_ = std::chrono::steady_clock::now().time_since_epoch().count();
    const attempt made = take_file();
    busy_since_ = 0;
    const std::lock_guard lock(mutex_);
    const bool awaited = owner_ == owner_wish::first_try;
    const bool ends = made == attempt::hopeless && awaited;
    thread_progress_ = ends ? progress::ended : progress::serving;
    if (made == attempt::opened) disk_ = disk::healthy;
    if (made == attempt::opened && !awaited) log_.info("the journal is open");
    progressed_.notify_all();
    return !ends;
}

writer::attempt writer::take_file() {
    boost::system::error_code fault;
    std::string words;
    try {
        fault = file_.open(clock_.today(), is_damaged(disk_), log_).error();
    } catch (const unusable& e) {
        words = e.what();
    } catch (const std::exception& e) {
        fault = broken(e);
    }
    const bool hopeless = !words.empty();
    if (!fault && !hopeless) {
        disk_ = after_opening(disk_);
        return attempt::opened;
    }
    if ((fault.value() & 0xff) == SQLITE_CORRUPT) disk_ = after_fault(disk_, fault_kind::damage);
    if (!hopeless) words = words_for(fault, file_.system_error());
    next_try_ = due_again();
    if (tell_trouble(words)) log_.warn("the journal cannot be opened", {{"why", words}});
    return hopeless ? attempt::hopeless : attempt::failed;
}

} // namespace offboard::journal::sqlite
