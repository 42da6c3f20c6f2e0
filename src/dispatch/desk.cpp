#include "desk.hpp"

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

outcome outcome_of(step_status status, std::string_view code, bool retryable) {
    outcome o;
    o.status = status;
    o.code = code;
    o.retryable = retryable;
    return o;
}

std::size_t asks_in(const line::call& call) {
    std::size_t n = 0;
    for (const line::place& p : call)
        n += p.asks.size();
    return n;
}

} // namespace

desk::desk(dispatcher& owner, vendor v, const config::vendor_settings& settings, const shape& form)
    : owner_(owner), vendor_(v), settings_(settings),
      form_(form), backoff_{settings.retry.base, settings.retry.cap},
      link_(owner.io_, v, settings, owner.clock_, owner.log_), timer_(owner.io_) {}

void desk::push(ask a) {
    lane_key key = lane_of(*a.op, a.what());
    lane*& at = by_key_[key.text];
    if (!at) {
        at = &lanes_.emplace_back();
        at->key = std::move(key);
    }
    seat place = seat_of(*a.op, a.what(), form_.source);
    const std::string& turn = a.op->id;
    at->line.push(turn, std::move(place.fold), std::move(place.who), std::move(a));
    ++waiting_;
}

bool desk::may_send(const lane& l) const noexcept {
    if (l.line.empty()) return false;
    return l.in_flight == 0 || l.line.has_isolated() || l.line.places() >= form_.cap_of(l.key.what);
}

void desk::pump() {
    // A call may end before spawn() returns, and ask for the next one in the middle of this.
    if (std::exchange(pumping_, true)) {
        pump_again_ = true;
        return;
    }
    do {
        pump_again_ = false;
        send_what_may();
    } while (pump_again_);
    pumping_ = false;
}

void desk::send_what_may() {
    if (paused_until_ > owner_.clock_.now()) return arm();
    // One turn a lane, again and again, until nobody may send: no lane waits behind another's backlog.
    for (bool sent = true; sent && in_flight_ < settings_.max_in_flight;) {
        sent = false;
        for (auto at = lanes_.begin(); at != lanes_.end() && in_flight_ < settings_.max_in_flight;) {
            lane& l = *at;
            if (may_send(l)) {
                line::call call = l.line.take(form_.cap_of(l.key.what));
                waiting_ -= asks_in(call);
                ++l.in_flight;
                ++in_flight_;
                sent = true;
                // The lane goes to the back, so that the next free slot is another lane's.
                const auto here = at++;
                lanes_.splice(lanes_.end(), lanes_, here);
                owner_.tasks_.spawn("vendor call", run(&l, std::move(call)));
            } else if (l.line.empty() && l.in_flight == 0) {
                by_key_.erase(l.key.text);
                at = lanes_.erase(at);
            } else {
                ++at;
            }
        }
    }
}

asio::awaitable<void> desk::run(lane* l, line::call call) {
    packed p = pack(l->key, std::move(call), form_.source);
    for (ask& a : p.left_over)
        push(std::move(a));
    outgoing_request request = vendors::encode(p.batch, form_.wire);
    const bool repeatable = std::ranges::all_of(p.batch.places, [&](const vendors::place& place) {
        return vendors::repeat_rule(p.batch.what, place) == vendors::repeat::freely;
    });
    auto answer = co_await link_.call(std::move(request), repeatable);
    --l->in_flight;
    --in_flight_;
    settlements settled;
    if (answer.has_value())
        on_answer(*l, p, *answer, settled);
    else
        on_failure(p, to_errc(answer.error()), settled);
    if (!settled.empty()) co_await owner_.settle(std::move(settled));
    pump();
}

void desk::on_failure(packed& p, errc e, settlements& settled) {
    if (e == errc::cancelled) return; // going down: the steps stay pending
    owner_.log_.warn("vendor call failed", {{"vendor", to_string(vendor_)},
                                            {"step", to_string(p.batch.what)},
                                            {"reason", make_error_code(e).message()},
                                            {"customers", p.batch.places.size()}});
    const bool lost = !nothing_was_sent(e);
    const steady_time again = retry_at(p);
    for (line::place& place : p.places) {
        for (ask& a : place.asks) {
            if (lost) ++a.what().attempts;
            if (e == errc::token_refused)
                settled.push_back({std::move(a), outcome_of(step_status::failed, "vendor_auth", true)});
            else if (lost)
                try_again(std::move(a), vendors::lost_outcome(), true, again, settled);
            else
                try_again(std::move(a), outcome_of(step_status::failed, "vendor_unreachable", true), false,
                          again, settled);
        }
    }
}

void desk::on_answer(lane& l, packed& p, const incoming_response& answer, settlements& settled) {
    const std::vector<vendors::verdict> verdicts = vendors::decode(p.batch, answer, form_.wire);
    line::call undecided;
    const steady_time now = owner_.clock_.now();
    const steady_time again = retry_at(p);
    duration wait{};
    const auto asked_wait = [&]() -> duration {
        if (wait == duration::zero()) {
            const auto asked = vendors::asked_pause(answer);
            wait = asked ? duration(*asked) : backoff_.wait(throttled_++, owner_.random_);
        }
        return wait;
    };
    bool throttled = false;
    for (std::size_t i = 0; i < p.places.size(); ++i) {
        const vendors::verdict& verdict = verdicts[i];
        if (verdict.what == vendors::next::isolate && p.places.size() > 1) {
            for (ask& a : p.places[i].asks) {
                ++a.what().attempts;
                a.acted_before = a.acted_before || verdict.may_have_acted;
            }
            undecided.push_back(std::move(p.places[i]));
            continue;
        }
        for (ask& a : p.places[i].asks) {
            if (verdict.what == vendors::next::later && !owner_.given_up(*a.op)) {
                throttled = true;
                a.what().outcome.code = "vendor_throttled";
                if (answer.status == 429)
                    push(std::move(a)); // the whole desk pauses below
                else
                    put_back_later(std::move(a), now + asked_wait());
                continue;
            }
            ++a.what().attempts;
            if (verdict.what == vendors::next::retry)
                try_again(std::move(a), verdict.result, verdict.may_have_acted, again, settled);
            else
                settled.push_back({std::move(a), verdict.result});
        }
    }
    if (throttled && answer.status == 429) pause(asked_wait());
    if (!throttled) throttled_ = 0;
    isolate(l, std::move(undecided));
}

void desk::isolate(lane& l, line::call undecided) {
    if (undecided.empty()) return;
    owner_.log_.info(
        "answer could not be told apart, sending again in smaller calls",
        {{"vendor", to_string(vendor_)}, {"step", to_string(l.key.what)}, {"customers", undecided.size()}});
    waiting_ += asks_in(undecided);
    auto halves = policy::halve(std::move(undecided));
    for (line::call* half : {&halves.first, &halves.second}) {
        if (half->empty()) continue;
        if (l.key.what == action::delink) {
            // On the wire these were programmes of one customer; in line they are one seat again.
            for (std::size_t i = 1; i < half->size(); ++i)
                std::ranges::move((*half)[i].asks, std::back_inserter(half->front().asks));
            half->resize(1);
            half->front().fold = half->front().who;
        }
        l.line.push_isolated(std::move(*half));
    }
}

steady_time desk::retry_at(const packed& p) {
    std::uint32_t faults = 0;
    for (const line::place& place : p.places)
        for (const ask& a : place.asks)
            faults = std::max(faults, a.faults);
    return owner_.clock_.now() + backoff_.wait(faults, owner_.random_);
}

void desk::try_again(ask a, const outcome& if_given_up, bool lost, steady_time again, settlements& settled) {
    ++a.faults;
    if (lost) {
        ++a.lost;
        a.acted_before = true;
    }
    const vendors::place place = place_of(a, form_.source);
    const bool used_up =
        lost && a.lost >= 2 && vendors::repeat_rule(a.what().action, place) == vendors::repeat::once;
    if (used_up || owner_.given_up(*a.op)) {
        settled.push_back({std::move(a), if_given_up});
        return;
    }
    a.what().outcome.code = if_given_up.code;
    put_back_later(std::move(a), again);
}

void desk::put_back_later(ask a, steady_time due) {
    ++waiting_;
    delayed_.emplace(due, std::move(a));
    arm();
}

void desk::pause(duration wait) {
    paused_until_ = std::max(paused_until_, owner_.clock_.now() + wait);
    owner_.log_.warn(
        "vendor asks to be left alone",
        {{"vendor", to_string(vendor_)}, {"seconds", std::chrono::duration<double>(wait).count()}});
    arm();
}

void desk::arm() {
    steady_time next = steady_time::max();
    if (!delayed_.empty()) next = delayed_.begin()->first;
    if (paused_until_ > owner_.clock_.now()) next = std::min(next, paused_until_);
    if (next == steady_time::max() || next == armed_for_) return;
    armed_for_ = next;
    timer_.expires_at(next);
    timer_.async_wait([this](boost::system::error_code ec) {
        if (!ec) on_timer();
    });
}

void desk::on_timer() {
    armed_for_ = {};
    const steady_time now = owner_.clock_.now();
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
        ask a = std::move(delayed_.begin()->second);
        delayed_.erase(delayed_.begin());
        --waiting_;
        push(std::move(a));
    }
    arm();
    pump();
}

asio::awaitable<void> desk::stop() {
    timer_.cancel();
    return link_.stop();
}

} // namespace offboard::dispatch
