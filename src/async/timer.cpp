#include "offboard/async/timer.hpp"

#include <cassert>
#include <chrono>

namespace offboard::async {

namespace {
thread_local manual_time* in_hand = nullptr;
}

manual_time::manual_time(steady_time start) : now_(start) {
    assert(!in_hand);
    in_hand = this;
}

manual_time::~manual_time() {
    in_hand = nullptr;
}

manual_time* manual_time::of_this_thread() noexcept {
    return in_hand;
}

void manual_time::advance_to(steady_time t) {
    now_ = t;
    while (!waits_.empty() && waits_.begin()->first <= now_)
        waits_.begin()->second->time_has_come();
}

steady_time manual_time::next() const {
    const auto at = waits_.upper_bound(now_);
    return at == waits_.end() ? steady_time::max() : at->first;
}

steady_time loop_clock::now() noexcept {
    return in_hand ? in_hand->now() : std::chrono::steady_clock::now();
}

timer::timer(const boost::asio::any_io_executor& executor, steady_time t) : real_(executor, t) {}

timer::~timer() {
    if (place_ && in_hand) in_hand->remove(*place_);
}

void timer::begin(std::unique_ptr<manual_wait> wait) {
    waiting_ = std::move(wait);
    if (real_.expiry() <= in_hand->now()) return end({});
    place_ = in_hand->add(real_.expiry(), *this);
}

void timer::end(boost::system::error_code ec) {
    if (!waiting_) return;
    if (place_) in_hand->remove(*place_);
    place_.reset();
    const std::unique_ptr<manual_wait> ended = std::move(waiting_);
    ended->end(ec);
}

void timer::expires_at(steady_time t) {
    if (in_hand) end(boost::asio::error::operation_aborted);
    real_.expires_at(t);
}

void timer::cancel() {
    if (in_hand) end(boost::asio::error::operation_aborted);
    real_.cancel();
}

} // namespace offboard::async
