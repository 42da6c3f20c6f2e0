// How the file is opened for the first time: whoever makes the journal waits a while for that, the thread for
// as long as it takes.
#include "writer.hpp"

#include <sqlite3.h>

#include <stdexcept>

namespace offboard::journal::sqlite {

void writer::await_first_try() {
    std::unique_lock lock(mutex_);
    if (!gone_.wait_for(lock, tuned_.first_look, [this] { return tried_; }))
        log_.warn("the journal cannot be opened", {{"why", "the disk does not answer"}});
    awaited_ = false;
    if (!ended_) return;
    lock.unlock();
    thread_.join();
    throw std::runtime_error("journal " + file_.path() + ": " + trouble_);
}

/// False when no disk is to blame, and whoever waits is told: the thread ends. Later nobody could be told.
bool writer::first_try() {
    busy_since_ = std::chrono::steady_clock::now().time_since_epoch().count();
    const attempt made = take_file();
    busy_since_ = 0;
    const std::lock_guard lock(mutex_);
    tried_ = true;
    ended_ = made == attempt::hopeless && awaited_;
    well_ = made == attempt::opened;
    if (well_ && !awaited_) log_.info("the journal is open");
    gone_.notify_all();
    return !ended_;
}

writer::attempt writer::take_file() {
    boost::system::error_code fault;
    std::string words;
    try {
        fault = file_.open(clock_.today(), damaged_, log_).error();
    } catch (const unusable& e) {
        words = e.what();
    } catch (const std::exception& e) {
        fault = broken(e);
    }
    const bool hopeless = !words.empty();
    if (!fault && !hopeless) {
        damaged_ = false;
        opened_ = true;
        return attempt::opened;
    }
    damaged_ = damaged_ || (fault.value() & 0xff) == SQLITE_CORRUPT;
    if (!hopeless) words = words_for(fault, file_.system_error());
    next_try_ = due_again();
    if (be_sick(words)) log_.warn("the journal cannot be opened", {{"why", words}});
    return hopeless ? attempt::hopeless : attempt::failed;
}

} // namespace offboard::journal::sqlite
