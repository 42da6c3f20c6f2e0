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

steady_time manual_time::next() const {
    const auto at = waits_.upper_bound(now_);
    return at == waits_.end() ? steady_time::max() : *at;
}

steady_time loop_clock::now() noexcept {
    return in_hand ? in_hand->now() : std::chrono::steady_clock::now();
}

timer::timer(const boost::asio::any_io_executor& executor, steady_time t) : timer_(executor) {
    expires_at(t);
}

timer::~timer() {
    forget();
}

void timer::forget() {
    if (!place_) return;
    if (in_hand) in_hand->waits_.erase(*place_);
    place_.reset();
}

void timer::expires_at(steady_time t) {
    forget();
    timer_.expires_at(t);
    if (in_hand && t != steady_time::max()) place_ = in_hand->waits_.insert(t);
}

void timer::cancel() {
    forget();
    timer_.cancel();
}

} // namespace offboard::async
