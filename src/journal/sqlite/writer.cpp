// How calls come to the thread, are served and go back.
#include "writer.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>
#include <sqlite3.h>

#include <cstdlib>
#include <iterator>

namespace asio = boost::asio;

namespace offboard::journal::sqlite {

namespace {

/// A commit takes milliseconds. A disk that takes this long hangs.
constexpr auto longest_look = std::chrono::seconds(5);
/// For the last group, when the journal is closed.
constexpr auto longest_farewell = std::chrono::seconds(3);

/// The thread's own pace. The journal's clock is for dates only: moving it by hand does not wake the thread.
std::chrono::steady_clock::time_point now() {
    return std::chrono::steady_clock::now();
}

} // namespace

writer::writer(asio::io_context& io, const sqlite_settings& settings, const clock& c, telemetry::log& log,
               tuning tuned)
    : io_(io), clock_(c), log_(log), tuned_(std::move(tuned)), retention_(settings.retention),
      file_(settings, tuned_), next_sweep_(now() + tuned_.sweep_every), thread_(&writer::work, this) {
    turn_->to = this;
    pthread_setname_np(thread_.native_handle(), "journal");
    await_first_try();
}

writer::~writer() {
    close();
}

std::optional<errc> writer::push(std::shared_ptr<call> c) {
    const bool needs_disk = c->what == call::kind::begin || c->what == call::kind::depart;
    if (needs_disk && (!healthy() || stalled())) return errc::journal_unavailable;
    if (c->what == call::kind::read && stalled()) return errc::journal_unavailable;
    if (turn_->to == nullptr) return errc::journal_unavailable;
    const bool may_be_refused = c->what == call::kind::begin || c->what == call::kind::read;
    if (may_be_refused && waiting_ + turn_->all.size() >= tuned_.most_waiting)
        return c->what == call::kind::begin ? errc::journal_full : errc::journal_unavailable;
    turn_->all.push_back(std::move(c));
    if (turn_->all.size() == 1)
        asio::post(io_, [of = turn_] {
            if (of->to != nullptr) of->to->deliver();
        });
    return std::nullopt;
}

void writer::deliver() {
    if (turn_->all.empty()) return;
    {
        const std::lock_guard lock(mutex_);
        arrived_.insert(arrived_.end(), std::move_iterator(turn_->all.begin()),
                        std::move_iterator(turn_->all.end()));
        waiting_ = arrived_.size();
    }
    turn_->all.clear();
    wake_.notify_one();
}

void writer::close() {
    deliver();
    turn_->to = nullptr;
    {
        const std::lock_guard lock(mutex_);
        owner_ = owner_wish::end;
    }
    wake_.notify_one();
    if (!thread_.joinable()) return;
    std::unique_lock lock(mutex_);
    if (!progressed_.wait_for(lock, longest_farewell,
                              [this] { return thread_progress_ == progress::ended; })) {
        log_.error("the disk does not answer: the process ends without it");
        log_.flush();
        std::_Exit(0);
    }
    lock.unlock();
    thread_.join();
}

bool writer::stalled() const noexcept {
    const auto since = busy_since_.load();
    return since != 0 && now().time_since_epoch().count() - since >
                             std::chrono::steady_clock::duration(longest_look).count();
}

std::string writer::trouble() const {
    if (stalled()) return "does not answer";
    if (healthy()) return {};
    const std::lock_guard lock(mutex_);
    return trouble_;
}

void writer::work() {
    if (!first_try()) return;
    for (bool stopping = false; !stopping;) {
        calls arrived;
        {
            std::unique_lock lock(mutex_);
            wake_.wait_until(lock, healthy() ? next_sweep_ : next_try_,
                             [this] { return owner_ == owner_wish::end || !arrived_.empty(); });
            arrived.swap(arrived_);
            waiting_ = 0;
            stopping = owner_ == owner_wish::end;
        }
        busy_since_ = now().time_since_epoch().count();
        serve(std::move(arrived));
        if (!stopping) keep_house();
        busy_since_ = 0;
    }
    end();
    const std::lock_guard lock(mutex_);
    thread_progress_ = progress::ended;
    progressed_.notify_all();
}

void writer::keep_house() {
    try {
        if (!healthy() && now() >= next_try_) mend();
        // With the file all promises are gone: nothing more is promised.
        if (healthy() && !file_.in_place()) note({SQLITE_CANTOPEN, category()});
        if (healthy() && now() >= next_sweep_) sweep_some();
        if (healthy() && file_.entries().in_tail() >= tuned_.tail_slots) static_cast<void>(fold());
        if (healthy() && file_.db().log_pages() >= tuned_.checkpoint_pages) copy_log();
    } catch (const std::exception& e) {
        note(broken(e));
    }
}

void writer::serve(calls arrived) {
    calls writes;
    calls asked;
    for (std::shared_ptr<call>& c : arrived)
        (c->what == call::kind::read ? asked : writes).push_back(std::move(c));
    calls done;
    if (!writes.empty()) commit(std::move(writes), done);
    hand_back(std::move(done));
    done.clear();
    read(asked, done);
    hand_back(std::move(done));
}

void writer::commit(calls group, calls& done) {
    const bool tried = healthy();
    if (tried) {
        const boost::system::error_code fault = transact(group, false, done);
        if (!fault) {
            done.insert(done.end(), group.begin(), group.end());
            return;
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
    if (!tried) return;
    // Over whatever the failed commit left at the end of the log; that the disk is well is seen later. At the
    // start of the log SQLite would sync its header first, but there the log can be cut to nothing.
    calls none;
    if (!transact(none, true, done)) {
        refused_.clear();
        return;
    }
    file_.rollback();
    static_cast<void>(file_.db().checkpoint(true));
}

/// The calls of a group in one transaction; a fault leaves it to be taken back.
boost::system::error_code writer::transact(calls& group, bool mending, calls& done) {
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
void writer::drop_spoiled(calls& group, std::size_t at, const char* why, calls& done) {
    log_.error("a call of the journal failed", {{"why", why}});
    group[at]->refuse(errc::journal_unavailable);
    done.push_back(std::move(group[at]));
    group.erase(group.begin() + static_cast<std::ptrdiff_t>(at));
}

result<void> writer::fold() {
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

void writer::read(const calls& asked, calls& done) {
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
}

/// One post for all: the loop is woken once a group.
void writer::hand_back(calls done) {
    if (done.empty()) return;
    asio::post(io_, [answered = std::move(done)] {
        for (const std::shared_ptr<call>& c : answered)
            c->wake();
    });
}

void writer::end() {
    for (const std::shared_ptr<call>& c : pending_)
        c->refuse(errc::journal_unavailable);
    hand_back(std::move(pending_));
    try {
        static_cast<void>(fold()); // or the next process does it
    } catch (const std::exception& e) {
        note(broken(e));
    }
    if (healthy())
        file_.close();
    else
        file_.abandon();
}

} // namespace offboard::journal::sqlite
