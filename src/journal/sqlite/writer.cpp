// How calls come to the thread, are served and go back.
#include "writer.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>

#include <cstdlib>
#include <iterator>
#include <stdexcept>

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
    : io_(io), log_(log), tuned_(std::move(tuned)), file_(settings, c, log_, tuned_),
      thread_(&writer::work, this) {
    turn_->to = this;
    pthread_setname_np(thread_.native_handle(), "journal");
    await_first_try();
}

writer::~writer() {
    close();
}

std::optional<errc> writer::push(std::shared_ptr<call> c) {
    const bool needs_disk = c->what == call::kind::begin || c->what == call::kind::depart;
    if (needs_disk && (!file_.healthy() || stalled())) return errc::journal_unavailable;
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
    return file_.trouble();
}

void writer::work() {
    if (!first_try()) return;
    for (bool stopping = false; !stopping;) {
        calls arrived;
        {
            std::unique_lock lock(mutex_);
            wake_.wait_until(lock, file_.next_look(),
                             [this] { return owner_ == owner_wish::end || !arrived_.empty(); });
            arrived.swap(arrived_);
            waiting_ = 0;
            stopping = owner_ == owner_wish::end;
        }
        busy_since_ = now().time_since_epoch().count();
        serve(std::move(arrived));
        if (!stopping) hand_back(file_.keep_house());
        busy_since_ = 0;
    }
    hand_back(file_.end());
    const std::lock_guard lock(mutex_);
    thread_progress_ = progress::ended;
    progressed_.notify_all();
}

void writer::serve(calls arrived) {
    calls writes;
    calls asked;
    for (std::shared_ptr<call>& c : arrived)
        (c->what == call::kind::read ? asked : writes).push_back(std::move(c));
    if (!writes.empty()) hand_back(file_.write(std::move(writes)));
    hand_back(file_.read(asked));
}

void writer::await_first_try() {
    std::unique_lock lock(mutex_);
    if (!progressed_.wait_for(lock, tuned_.first_look,
                              [this] { return thread_progress_ != progress::first_try; }))
        log_.warn("the journal cannot be opened", {{"why", "the disk does not answer"}});
    owner_ = owner_wish::serving;
    if (thread_progress_ != progress::ended) return;
    lock.unlock();
    thread_.join();
    throw std::runtime_error("journal " + file_.path() + ": " + file_.trouble());
}

/// False when no disk is to blame and the constructor still waits: the thread ends, and the constructor
/// throws. Later no caller could be told.
bool writer::first_try() {
    busy_since_ = std::chrono::steady_clock::now().time_since_epoch().count();
    const file_worker::attempt made = file_.open();
    busy_since_ = 0;
    const std::lock_guard lock(mutex_);
    const bool awaited = owner_ == owner_wish::first_try;
    const bool ends = made == file_worker::attempt::hopeless && awaited;
    thread_progress_ = ends ? progress::ended : progress::serving;
    if (made == file_worker::attempt::opened) file_.begin();
    if (made == file_worker::attempt::opened && !awaited) log_.info("the journal is open");
    progressed_.notify_all();
    return !ends;
}

/// One post for all: the loop is woken once a group.
void writer::hand_back(calls done) {
    if (done.empty()) return;
    asio::post(io_, [answered = std::move(done)] {
        for (const std::shared_ptr<call>& c : answered)
            c->wake();
    });
}

} // namespace offboard::journal::sqlite
