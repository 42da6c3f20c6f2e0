// From an open gate to the queue of a vendor.
#include "operation_driver.hpp"

#include "offboard/async/sleep.hpp"
#include "offboard/engine/outcomes.hpp"

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

/// How often operations are looked at whose time is over: often enough for `after`, and never all the time.
constexpr duration sweep_every(duration after) {
    return std::clamp<duration>(after / 8, std::chrono::milliseconds(50), std::chrono::seconds(30));
}

/// Identifiers that an earlier process asked about in vain are not asked about again.
void choose_identifier(step& s, const customer& c) {
    if (const identifier* who = identifier_for(c, s.action, s.outcome.vendor.absent_by)) s.who = *who;
}

} // namespace

const telemetry::origin* operation_driver::origin_of(std::string_view id) const {
    const live_pointer live = with_.live.find(id);
    return live ? &live->origin : nullptr;
}

live_pointer operation_driver::adopt(std::shared_ptr<operation> op, telemetry::origin from, bool arrived) {
    live_pointer live = with_.live.add(std::move(op), std::move(from), arrived);
    hand_over_all(live);
    return live;
}

void operation_driver::hand_over_all(const live_pointer& live) {
    engine::settlements at_once;
    const std::size_t next = hand_over_slice(live, 0, at_once);
    if (!at_once.empty()) with_.tasks.spawn("settle at once", settle(std::move(at_once), std::nullopt));
    if (next < live->op->what.customers.size())
        with_.tasks.spawn("hand over the rest", hand_over_rest(live, next));
}

std::size_t operation_driver::hand_over_slice(const live_pointer& live, std::size_t from,
                                              engine::settlements& at_once) {
    const operation& op = *live->op;
    const std::size_t first = op.steps_of(from).first;
    std::size_t c = from;
    for (; c < op.what.customers.size() && op.steps_of(c).first - first < slice_steps; ++c) {
        hand_over(live, c, at_once);
        // Gates are recorded with what shut them, so none should be found here; but nothing hangs on that.
        for (gate_news::shut_step& shut : look_at_gates(op, c).shut)
            at_once.push_back(engine::skip_of(live->op, std::move(shut)));
    }
    return c;
}

asio::awaitable<void> operation_driver::hand_over_rest(live_pointer live, std::size_t from) {
    while (from < live->op->what.customers.size() && !halted_) {
        pump();
        const bool slept = co_await async::sleep_for(duration::zero()); // others have their turn
        if (!slept) co_return;
        engine::settlements at_once;
        from = hand_over_slice(live, from, at_once);
        co_await settle(std::move(at_once), std::nullopt);
    }
}

asio::awaitable<void> operation_driver::settle_cancelled(live_pointer live) {
    for (std::size_t customer = 0; customer < live->op->what.customers.size();) {
        engine::settlements stopped = engine::cancel_waiting(live->op, customer, slice_steps);
        co_await settle(std::move(stopped), std::nullopt);
        const bool slept = co_await async::sleep_for(duration::zero()); // others have their turn
        if (!slept) co_return;
    }
}

void operation_driver::hand_over(const live_pointer& live, std::size_t customer,
                                 engine::settlements& too_late) {
    for (const std::size_t i : look_at_gates(*live->op, customer).open) {
        step& s = live->op->steps[i];
        engine::queued_step q;
        q.op = live->op;
        q.step = static_cast<std::uint32_t>(i);
        vendor_driver* const driver = drivers_->of(vendor_of(s.action));
        // Retention may have erased the identifier. A step without one must never be sent.
        const bool erased = s.who->value.empty();
        if (!erased) choose_identifier(s, live->op->what.customers[customer]);
        // A try whose answer was lost with an earlier process may have been the last there is.
        const engine::vendor_view vendor = drivers_->view_of(s.action);
        if (erased || !driver || engine::is_used_up(s) ||
            engine::is_too_late(*live->op, s, with_.give_up, with_.time.today(), vendor)) {
            outcome end = erased ? engine::outcome_at_the_end(s, outcome_code::erased)
                                 : engine::outcome_given_up(s, vendor);
            if (erased) end.retryable = false;
            too_late.push_back({std::move(q.op), q.step, std::move(end), {}});
            continue;
        }
        q.generation = ++s.generation;
        driver->push(std::move(q));
    }
}

engine::settlements operation_driver::given_up_now() const {
    engine::settlements over;
    const wall_time today = with_.time.today();
    for (const auto& [id, live] : with_.live.all()) {
        if (!with_.give_up.is_over(*live->op, today)) continue;
        for (std::uint32_t i = 0; i < live->op->steps.size(); ++i) {
            const step& s = live->op->steps[i];
            if (s.stage != stage::queued || is_settled(s.outcome.status)) continue;
            const engine::vendor_view vendor = drivers_->view_of(s.action);
            if (!engine::is_too_late(*live->op, s, with_.give_up, today, vendor)) continue;
            if (over.size() == slice_steps) return over;
            over.push_back({live->op, i, engine::outcome_given_up(s, vendor), {}});
        }
    }
    return over;
}

asio::awaitable<void> operation_driver::give_up_in_time() {
    const duration every = sweep_every(with_.give_up.after);
    while (!halted_) {
        const bool slept = co_await async::sleep_for(every);
        if (!slept || halted_) co_return;
        engine::settlements over = given_up_now();
        if (!over.empty()) co_await settle(std::move(over), std::nullopt);
    }
}

} // namespace offboard::dispatch
