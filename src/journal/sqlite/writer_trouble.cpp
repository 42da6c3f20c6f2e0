// What the thread does about the disk: trouble and its end, retention, the log of SQLite.
#include "writer.hpp"

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

/// What no call is to blame for is taken for damage: the file is opened again, and looked at.
boost::system::error_code writer::broken(const std::exception& e) {
    log_.error("the journal failed", {{"why", std::string_view(e.what())}});
    return {SQLITE_CORRUPT, category()};
}

/// Takes back what was begun, and remembers what is wrong.
void writer::note(const boost::system::error_code& fault) {
    std::string words = words_for(fault, file_.system_error());
    file_.rollback();
    if (healthy()) {
        log_.warn("the journal cannot be written", {{"why", words}});
        next_try_ = std::chrono::steady_clock::now() + tuned_.retry_every;
    }
    tell_trouble(std::move(words)); // the words are there before the state says that there are some
    disk_ = after_fault(disk_, kind_of(fault));
}

bool writer::tell_trouble(std::string words) {
    const std::lock_guard lock(mutex_);
    return std::exchange(trouble_, words) != words;
}

writer::instant writer::due_again() const {
    return std::chrono::steady_clock::now() +
           tuned_.retry_every * (is_damaged(disk_) ? patience_with_damage : 1);
}

/// What comes first in the transaction that ends trouble.
boost::system::error_code writer::first_writes() {
    for (const std::shared_ptr<call>& c : refused_) {
        const result<void> undone = c->what == call::kind::begin ? file_.entries().undo_begin(c->begins->id)
                                                                 : file_.entries().undo_depart(c->departs);
        if (undone.has_error()) return undone.error();
    }
    return file_.entries().beat().error();
}

bool writer::sound() {
    if (!is_damaged(disk_)) return true;
    const result<void> verdict = file_.look_through();
    if (verdict.has_error()) note(verdict.error());
    return verdict.has_value();
}

void writer::mend() {
    if (!has_opened() && take_file() != attempt::opened) return;
    next_try_ = due_again();
    calls done;
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
        hand_back(std::move(done));
        return;
    }
    refused_.clear();
    done.insert(done.end(), pending_.begin(), pending_.end());
    pending_.clear();
    disk_ = disk::healthy;
    log_.info("the journal is written again");
    hand_back(std::move(done));
}

void writer::sweep_some() {
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

result<std::size_t> writer::sweep_all() {
    std::size_t operations = 0;
    for (bool more = true; more;) {
        const result<swept> out =
            sweep(file_.db(), file_.entries(), clock_.today(), retention_, tuned_.sweep_at_once);
        if (out.has_error()) return out.error();
        operations += out->operations;
        more = out->more;
    }
    const result<void> compacted = compact(file_.db());
    if (compacted.has_error()) return compacted.error();
    return operations;
}

result<std::string> writer::use_keys(const std::vector<master_key>& keys) {
    // What was refused may have to be taken back, and is found by the keys it was written with.
    if (!healthy()) return errc::journal_unavailable;
    return file_.use_keys(keys, clock_.today());
}

void writer::copy_log() {
    const result<void> copied = file_.db().checkpoint(false);
    if (copied.has_error()) note(copied.error());
}

} // namespace offboard::journal::sqlite
