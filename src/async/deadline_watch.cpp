#include "offboard/async/deadline_watch.hpp"

#include <algorithm>
#include <cassert>

namespace offboard::async {

/// Outlives the watch for as long as a wait of the timer is under way.
struct deadline_watch::alarm : std::enable_shared_from_this<alarm> {
    alarm(boost::asio::io_context& io, deadline_watch* w) : timer(io), watch(w) {}

    void set(steady_time when) {
        timer.expires_at(when);
        timer.async_wait([self = shared_from_this()](boost::system::error_code ec) {
            if (!ec && self->watch) self->watch->look();
        });
    }

    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>,
                                      boost::asio::io_context::executor_type>
        timer;
    deadline_watch* watch;
};

deadline_watch::entry::entry(deadline_watch& watch) noexcept : watch_(watch) {
    link_.next = watch.first_;
    if (link_.next) link_.next->previous = &link_;
    watch.first_ = &link_;
}

deadline_watch::entry::~entry() {
    if (watch_.cursor_ == &link_) watch_.cursor_ = link_.next;
    (link_.previous ? link_.previous->next : watch_.first_) = link_.next;
    if (link_.next) link_.next->previous = link_.previous;
    if (watch_.first_ || watch_.next_look_ == never) return;
    // No entry is left: the loop must not be kept alive by a timer without a purpose.
    watch_.next_look_ = never;
    watch_.alarm_->timer.cancel();
}

deadline_watch::deadline_watch(boost::asio::io_context& io, duration grain)
    : alarm_(std::make_shared<alarm>(io, this)), grain_(grain) {}

deadline_watch::~deadline_watch() {
    assert(!first_);
    alarm_->watch = nullptr;
    alarm_->timer.cancel();
}

void deadline_watch::look_at(steady_time t) noexcept {
    const steady_time soonest = last_look_ == steady_time::min() ? t : last_look_ + grain_;
    const steady_time when = std::max(t, soonest);
    if (when >= next_look_) return;
    next_look_ = when;
    alarm_->set(when);
}

void deadline_watch::look() noexcept {
    const steady_time now = std::chrono::steady_clock::now();
    last_look_ = now;
    next_look_ = never;
    steady_time soonest = never;
    for (cursor_ = first_; cursor_;) {
        link& l = *cursor_;
        cursor_ = l.next;
        if (l.deadline > now) {
            soonest = std::min(soonest, l.deadline);
            continue;
        }
        l.deadline = never;
        l.of->on_deadline();
    }
    if (soonest != never) look_at(soonest);
}

} // namespace offboard::async
