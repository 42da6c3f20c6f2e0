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

deadline_watch::entry::entry(deadline_watch& watch) noexcept : watch_(watch), next_(watch.first_) {
    if (next_) next_->previous_ = this;
    watch.first_ = this;
}

deadline_watch::entry::~entry() {
    if (watch_.cursor_ == this) watch_.cursor_ = next_;
    (previous_ ? previous_->next_ : watch_.first_) = next_;
    if (next_) next_->previous_ = previous_;
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
        entry& e = *cursor_;
        cursor_ = e.next_;
        if (e.deadline_ > now) {
            soonest = std::min(soonest, e.deadline_);
            continue;
        }
        e.deadline_ = never;
        e.on_deadline();
    }
    if (soonest != never) look_at(soonest);
}

} // namespace offboard::async
