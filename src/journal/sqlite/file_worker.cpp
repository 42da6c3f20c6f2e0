#include "file_worker.hpp"

#include <sqlite3.h>

#include <utility>

namespace offboard::journal::sqlite {

file_worker::file_worker(const sqlite_settings& settings, const clock& c, telemetry::log& log,
                         const tuning& tuned)
    : clock_(c), log_(log), tuned_(tuned), retention_(settings.retention), file_(settings, tuned_),
      next_sweep_(std::chrono::steady_clock::now() + tuned_.sweep_every) {}

std::string file_worker::trouble() const {
    if (healthy()) return {};
    const std::lock_guard lock(mutex_);
    return trouble_;
}

calls file_worker::write(calls group) {
    calls done;
    const bool tried = healthy();
    if (tried) {
        const boost::system::error_code fault = transact(group, false, done);
        if (!fault) {
            done.insert(done.end(), group.begin(), group.end());
            return done;
        }
        note(fault);
    }
    for (std::shared_ptr<call>& c : group) {
        if (c->what == call::kind::record) {
            pending_.push_back(std::move(c));
            continue;
        }
        c->refuse(errc::journal_unavailable);
        if (tried) refused_.push_back(c);
        done.push_back(std::move(c));
    }
    if (!tried) return done;
    // Over whatever the failed commit left at the end of the log; that the disk is well is seen later. At the
    // start of the log SQLite would sync its header first, but there the log can be cut to nothing.
    calls none;
    if (!transact(none, true, done)) {
        refused_.clear();
        return done;
    }
    file_.rollback();
    static_cast<void>(file_.db().checkpoint(true));
    return done;
}

/// The calls of a group in one transaction; a fault leaves it to be taken back.
boost::system::error_code file_worker::transact(calls& group, bool mending, calls& done) {
    database& db = file_.db();
    if (!file_.in_place()) return {SQLITE_CANTOPEN, category()};
    const wall_time today = clock_.today();
    const std::int64_t had = db.total_changes();
    for (bool written = false; !written;) {
        std::size_t at = 0;
        bool in_call = false;
        try {
            boost::system::error_code fault = db.begin().error();
            if (!fault && mending) fault = first_writes();
            in_call = true;
            while (!fault && at < group.size()) {
                fault = group[at]->attempt(file_.entries(), today);
                if (!fault) ++at;
            }
            in_call = false;
            if (!fault) fault = file_.entries().write().error();
            if (!fault) fault = db.commit().error();
            if (fault) return fault;
            written = true;
        } catch (const std::exception& e) {
            file_.rollback();
            if (!in_call) return broken(e);
            drop_spoiled(group, at, e.what(), done);
        }
    }
    if (db.total_changes() != had) ++commits_;
    entries_ += group.size();
    return {};
}

/// A call that can never be written must not keep the others from it.
void file_worker::drop_spoiled(calls& group, std::size_t at, const char* why, calls& done) {
    log_.error("a call of the journal failed", {{"why", why}});
    group[at]->refuse(errc::journal_unavailable);
    done.push_back(std::move(group[at]));
    group.erase(group.begin() + static_cast<std::ptrdiff_t>(at));
}

result<void> file_worker::fold() {
    if (!healthy()) return errc::journal_unavailable;
    result<void> done = file_.db().begin();
    if (done.has_value()) done = file_.entries().fold();
    if (done.has_value()) done = file_.db().commit();
    if (done.has_error()) {
        note(done.error());
        // A fold needs more room than the write that ends trouble: without this they would take turns for
        // ever.
        static_cast<void>(file_.db().checkpoint(true));
    }
    return done;
}

calls file_worker::read(const calls& asked) {
    calls done;
    for (const std::shared_ptr<call>& c : asked) {
        bool answered = false;
        try {
            answered = file_.is_open() && !c->attempt(file_.entries(), clock_.today());
        } catch (const std::exception& e) {
            log_.error("a call of the journal failed", {{"why", std::string_view(e.what())}});
        }
        if (!answered) {
            file_.rollback();
            c->refuse(errc::journal_unavailable);
        }
        done.push_back(c);
    }
    return done;
}

result<std::size_t> file_worker::sweep_all() {
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

result<std::string> file_worker::use_keys(const std::vector<master_key>& keys) {
    // What was refused may have to be taken back, and is found by the keys it was written with.
    if (!healthy()) return errc::journal_unavailable;
    return file_.use_keys(keys, clock_.today());
}

calls file_worker::end() {
    for (const std::shared_ptr<call>& c : pending_)
        c->refuse(errc::journal_unavailable);
    calls done = std::exchange(pending_, {});
    try {
        static_cast<void>(fold()); // or the next process does it
    } catch (const std::exception& e) {
        note(broken(e));
    }
    if (healthy())
        file_.close();
    else
        file_.abandon();
    return done;
}

} // namespace offboard::journal::sqlite
