#include "vendor_driver.hpp"

#include "offboard/vendors/ping.hpp"

#include <boost/asio/this_coro.hpp>

#include <exception>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

engine::vendor_queue::limits limits_of(const config::vendor_settings& s, duration give_up_after) {
    engine::vendor_queue::limits out;
    out.health.calls = s.budget.calls;
    out.health.per = s.budget.per;
    out.health.breaker = {s.breaker.failures, s.breaker.open};
    out.health.backoff = {s.retry.base, s.retry.cap};
    out.health.longest_pause = give_up_after;
    out.give_up.after = give_up_after;
    out.most_in_flight = s.max_in_flight;
    out.timeout = s.timeout;
    return out;
}

} // namespace

vendor_driver::vendor_driver(const vendor_services& services, vendor v, const engine::shape& form)
    : with_(services), vendor_(v), settings_(*with_.settings.of(v)), form_(form),
      queue_(limits_of(settings_, with_.settings.give_up_after), form),
      link_(with_.clients(v, settings_), v, settings_, with_.time, with_.log, with_.tracer, with_.check),
      observer_(with_, v, link_.server()), timer_(with_.executor) {}

void vendor_driver::pump() {
    if (queue_.waiting().waiting() == 0) return;
    // A call that ends before spawn() returns pumps inside this loop: each next() is whole by itself.
    while (std::optional<engine::started_call> call = queue_.next(now(), known()))
        with_.tasks.spawn("vendor call", run(std::move(*call)));
    const steady_time wake = queue_.wake_at();
    if (wake >= timer_at_) return;
    timer_at_ = wake;
    timer_.expires_at(wake);
    timer_.async_wait([this](boost::system::error_code ec) {
        if (ec) return;
        timer_at_ = steady_time::max();
        pump();
    });
}

void vendor_driver::halt() {
    queue_.halt();
    timer_at_ = steady_time::min();
    timer_.cancel();
}

journal::departure vendor_driver::departure_of(const engine::started_call& call) const {
    // The latest moment at which the call can have ended: what the next process counts the budget from.
    const duration longest = engine::vendor_queue::longest_departure + settings_.timeout;
    journal::departure out;
    out.to = vendor_;
    out.at = with_.time.today() + std::chrono::ceil<std::chrono::milliseconds>(longest);
    for (const engine::lane_queue::place& place : call.content.places)
        for (const engine::queued_step& q : place.items)
            out.steps.emplace_back(q.op->id, q.step);
    return out;
}

asio::awaitable<void> vendor_driver::run(engine::started_call call) {
    // An answer that is complete is dealt with, also while the process is going down.
    co_await asio::this_coro::throw_if_cancelled(false);
    std::optional<journal::flight_number> number;
    engine::effects after;
    bool sent = false;
    bool ended = true;
    std::optional<std::string> fault;
    try {
        const bool leaves = co_await depart(call, number, after);
        if (leaves) ended = co_await carry(call, after, sent);
    } catch (const std::exception& e) {
        fault = e.what();
    }
    if (fault) {
        observer_.tell_broken(call.content, call.what, *fault);
        queue_.ends().broken(call, sent, now(), after);
    }
    if (!ended) co_return;
    co_await with_.operations.settle(std::move(after.news), number);
    pump();
}

asio::awaitable<bool> vendor_driver::depart(engine::started_call& call,
                                            std::optional<journal::flight_number>& number,
                                            engine::effects& after) {
    journal::departure leaving = departure_of(call);
    auto written = co_await with_.journal.depart(std::move(leaving));
    if (written.has_value()) number = *written;
    const bool leaves = queue_.departed(call, written.has_value(), now(), after);
    // What was cancelled meanwhile does not wait for the answer to the others.
    if (leaves && !after.news.empty())
        with_.tasks.spawn("settle at once",
                          with_.operations.settle(std::exchange(after.news, {}), std::nullopt));
    co_return leaves;
}

asio::awaitable<bool> vendor_driver::carry(engine::started_call& call, engine::effects& after, bool& sent) {
    outgoing_request request = call.pinged_by ? vendors::ping_request(call.what, *call.pinged_by, form_.wire)
                                              : vendors::encode(call.content.batch, form_.wire);
    std::optional<telemetry::span> span;
    if (!call.pinged_by) span = observer_.begin_span(call.content, request, call.begun);
    const telemetry::trace_context place = span ? span->context : telemetry::trace_context();
    const std::uint64_t used = link_.version();
    std::string reason;
    // A lost connection is replaced by another call of the queue's: each has a start in the budget and in the
    // journal.
    http::may_repeat never;
    sent = true;
    auto answer = co_await link_.call(std::move(request), std::move(never), place, reason);
    observer_.end_span(std::move(span), answer);
    const bool ended = take_answer(call, answer, used, reason, after);
    co_return ended;
}

bool vendor_driver::take_answer(engine::started_call& call, const result<incoming_response>& answer,
                                std::uint64_t credentials_used, const std::string& reason,
                                engine::effects& after) {
    const engine::moment m = now();
    const std::size_t customers = engine::customers_in(call.content.batch);
    bool ended = true;
    observer::circumstances at{call.content, call.what, reason};
    std::string status;
    if (answer.has_error()) {
        const errc why = to_errc(answer.error());
        if (!call.pinged_by)
            with_.metrics.count_unanswered(vendor_, call.what, why, m.now - call.begun, customers);
        ended = queue_.ends().unanswered(call, why, m, known(), after);
    } else {
        if (!call.pinged_by)
            with_.metrics.count_answered(vendor_, call.what, answer->status, m.now - call.begun, customers);
        const bool renewable = link_.has_token() || link_.version() != credentials_used;
        std::vector<vendors::verdict> verdicts;
        if (!call.pinged_by) verdicts = vendors::decode(call.content.batch, *answer, form_.wire);
        queue_.ends().answered(call, *answer, std::move(verdicts), renewable, m, known(), after);
        status = answered(answer->status);
        at.reason = status;
        at.answer = &*answer;
    }
    observer_.tell(after.events, at);
    return ended;
}

std::chrono::seconds vendor_driver::eta(std::size_t own) {
    return queue_.eta(now(), known(), own);
}

void vendor_driver::restore(const std::vector<journal::past_call>& calls) {
    std::vector<wall_time> ended;
    for (const journal::past_call& call : calls)
        // `at` is when the call had ended at the latest, see departure_of(). Versions before wrote down when
        // the call began.
        if (call.to == vendor_)
            ended.push_back(call.at +
                            std::chrono::ceil<std::chrono::milliseconds>(duration(settings_.timeout)));
    queue_.restore(ended, now());
}

void vendor_driver::add_breakers(std::vector<breaker_report>& out) const {
    for (const action a : all_actions)
        if (vendor_of(a) == vendor_)
            out.push_back({a, policy::to_string(queue_.health().of(a).breaker.at(with_.time.now()))});
}

} // namespace offboard::dispatch
