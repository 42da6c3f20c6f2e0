// What the thread does about the disk: opening, trouble and its end, retention, the log of SQLite.
#include "file_worker.hpp"

#include <sqlite3.h>

#include <utility>

namespace offboard::journal::sqlite {

namespace {

/// A damaged file is read from end to end each time, so it is not tried as often.
constexpr int patience_with_damage = 20;

fault_kind kind_of(const boost::system::error_code& e) {
    const int code = e.value() & 0xff;
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return fault_kind::damage;
    return must_reopen(e) ? fault_kind::broken : fault_kind::full;
}

} // namespace

file_worker::attempt file_worker::open() {
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

calls file_worker::keep_house() {
    calls done;
    try {
        if (!healthy() && std::chrono::steady_clock::now() >= next_try_) mend(done);
        // With the file all promises are gone: nothing more is promised.
        if (healthy() && !file_.in_place()) note({SQLITE_CANTOPEN, category()});
        if (healthy() && std::chrono::steady_clock::now() >= next_sweep_) sweep_some();
        if (healthy() && file_.entries().in_tail() >= tuned_.tail_slots) static_cast<void>(fold());
        if (healthy() && file_.db().log_pages() >= tuned_.checkpoint_pages) copy_log();
    } catch (const std::exception& e) {
        note(broken(e));
    }
    return done;
}

/// What no call is to blame for is taken for damage: the file is opened again, and looked at.
boost::system::error_code file_worker::broken(const std::exception& e) {
    log_.error("the journal failed", {{"why", std::string_view(e.what())}});
    return {SQLITE_CORRUPT, category()};
}

/// Takes back what was begun, and remembers what is wrong.
void file_worker::note(const boost::system::error_code& fault) {
    std::string words = words_for(fault, file_.system_error());
    file_.rollback();
    if (healthy()) {
        log_.warn("the journal cannot be written", {{"why", words}});
        next_try_ = std::chrono::steady_clock::now() + tuned_.retry_every;
    }
    tell_trouble(std::move(words)); // the words are there before the state says that there are some
    disk_ = after_fault(disk_, kind_of(fault));
}

bool file_worker::tell_trouble(std::string words) {
    const std::lock_guard lock(mutex_);
    return std::exchange(trouble_, words) != words;
}

file_worker::instant file_worker::due_again() const {
    return std::chrono::steady_clock::now() +
           tuned_.retry_every * (is_damaged(disk_) ? patience_with_damage : 1);
}

/// What comes first in the transaction that ends trouble.
boost::system::error_code file_worker::first_writes() {
    for (const std::shared_ptr<call>& c : refused_) {
        const result<void> undone = c->what == call::kind::begin ? file_.entries().undo_begin(c->begins->id)
                                                                 : file_.entries().undo_depart(c->departs);
        if (undone.has_error()) return undone.error();
    }
    return file_.entries().beat().error();
}

bool file_worker::sound() {
    if (!is_damaged(disk_)) return true;
    const result<void> verdict = file_.look_through();
    if (verdict.has_error()) note(verdict.error());
    return verdict.has_value();
}

void file_worker::mend(calls& done) {
    if (!has_opened() && open() != attempt::opened) return;
    next_try_ = due_again();
    boost::system::error_code fault;
    try {
        if (must_reopen(disk_)) fault = file_.reopen(clock_.today()).error();
        if (!fault) {
            disk_ = after_opening(disk_);
            if (!sound()) return;
            fault = transact(pending_, true, done);
        }
    } catch (const std::exception& e) {
        fault = broken(e);
    }
    if (fault) {
        note(fault);
        return;
    }
    refused_.clear();
    done.insert(done.end(), pending_.begin(), pending_.end());
    pending_.clear();
    disk_ = disk::healthy;
    log_.info("the journal is written again");
}

void file_worker::sweep_some() {
    next_sweep_ = std::chrono::steady_clock::now() + tuned_.sweep_every;
    boost::system::error_code fault;
    try {
        const result<swept> out =
            sweep(file_.db(), file_.entries(), clock_.today(), retention_, tuned_.sweep_at_once);
        fault = out.error();
        // A commit whose fsync failed may have erased all the same.
        erased_ = erased_ || fault || out->operations > 0;
        if (!fault && out->more) {
            next_sweep_ = instant(); // again, as soon as the calls that have arrived are served
            return;
        }
        if (!fault && erased_) fault = compact(file_.db()).error();
        erased_ = erased_ && fault;
    } catch (const std::exception& e) {
        file_.rollback();
        log_.error("the journal cannot forget", {{"why", std::string_view(e.what())}});
    }
    if (fault) note(fault);
}

void file_worker::copy_log() {
    const result<void> copied = file_.db().checkpoint(false);
    if (copied.has_error()) note(copied.error());
}

} // namespace offboard::journal::sqlite
