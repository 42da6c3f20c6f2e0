// What is driven, what waits in the journal alone, and how one becomes the other.
#include "vendor_driver.hpp"

#include "offboard/async/sleep.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/engine/outcomes.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

/// The feeder leaves a part of the window to those who arrive meanwhile: a single customer does not wait
/// behind a backlog.
constexpr std::size_t most_of(std::size_t room) {
    return room - room / 5;
}

/// How long the feeder waits when the journal cannot be read.
constexpr auto read_pause = std::chrono::seconds(1);

/// The feeder's pause between two rounds when all that it found need vendors whose steps fill their room.
constexpr auto round_pause = std::chrono::seconds(5);

/// How often operations are looked at whose time is over: often enough for `after`, and never all the time.
constexpr duration sweep_every(duration after) {
    return std::clamp<duration>(after / 8, std::chrono::milliseconds(50), std::chrono::seconds(30));
}

/// So many steps are handed over before others have their turn: some milliseconds of work.
constexpr std::size_t slice_steps = 2'000;

} // namespace

bool dispatcher::room_for(const operation& op, purpose why) const noexcept {
    if (live_.empty() && beginning_weight_ == 0) return true; // alone it may be of any size
    std::size_t unsettled = 0;
    std::array<bool, vendor_count> needs{};
    for (const step& s : op.steps) {
        if (is_settled(s.outcome.status)) continue;
        ++unsettled;
        needs[static_cast<std::size_t>(vendor_of(s.action))] = true;
    }
    const std::size_t weight = std::max(weight_of(op), unsettled);
    if (live_unsettled_ + beginning_weight_ + unsettled > window_.steps) return false;
    if (live_weight_ + beginning_weight_ + weight > window_.memory) return false;
    // While older ones wait in the journal, new ones have a part of the room only: the oldest get their turn.
    const std::size_t for_new = window_.steps - most_of(window_.steps);
    if (why == purpose::new_work && parked_ > 0 &&
        arrived_unsettled_ + beginning_weight_ + unsettled > for_new)
        return false;
    for (std::size_t v = 0; v < vendor_count; ++v)
        if (needs[v] && unsettled_steps_[v] >= window_.steps_of_one) return false;
    return true;
}

bool dispatcher::may_feed() const noexcept {
    return live_unsettled_ + beginning_weight_ < most_of(window_.steps) &&
           live_weight_ + beginning_weight_ < most_of(window_.memory);
}

void dispatcher::count_unsettled(live_operation& live, action a, std::ptrdiff_t by) {
    const auto add = [by](std::size_t& n) {
        n = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(n) + by);
    };
    add(live.unsettled);
    add(live_unsettled_);
    if (live.arrived) add(arrived_unsettled_);
    add(unsettled_steps_[static_cast<std::size_t>(vendor_of(a))]);
}

dispatcher::live_pointer dispatcher::adopt(const std::shared_ptr<operation>& op, telemetry::origin from,
                                           bool arrived) {
    auto live = std::make_shared<live_operation>();
    live->op = op;
    live->origin = std::move(from);
    live->arrived = arrived;
    for (const step& s : live->op->steps)
        if (!is_settled(s.outcome.status)) count_unsettled(*live, s.action, 1);
    live->undecided = live->unsettled;
    live->settles_at = live->op->settled_at;
    live->weight = weight_of(*op);
    live_weight_ += live->weight;
    live_.emplace(live->op->id, live);
    settlements at_once;
    const std::size_t next = enqueue_slice(live, 0, at_once);
    if (!at_once.empty()) tasks_.spawn("settle at once", settle(std::move(at_once), std::nullopt));
    if (next < live->op->what.customers.size()) tasks_.spawn("enqueue the rest", enqueue_rest(live, next));
    return live;
}

std::size_t dispatcher::enqueue_slice(const live_pointer& live, std::size_t from, settlements& at_once) {
    const operation& op = *live->op;
    const std::size_t first = op.steps_of(from).first;
    std::size_t c = from;
    for (; c < op.what.customers.size() && op.steps_of(c).first - first < slice_steps; ++c) {
        enqueue(live, c, at_once);
        // Gates are recorded with what shut them, so none should be found here; but nothing hangs on that.
        for (gate_news::shut_step& shut : look_at_gates(op, c).shut)
            at_once.push_back(engine::skip_of(live->op, std::move(shut)));
    }
    return c;
}

asio::awaitable<void> dispatcher::enqueue_rest(live_pointer live, std::size_t from) {
    while (from < live->op->what.customers.size() && !halted_) {
        pump();
        const bool slept = co_await async::sleep_for(duration::zero()); // others have their turn
        if (!slept) co_return;
        settlements at_once;
        from = enqueue_slice(live, from, at_once);
        co_await settle(std::move(at_once), std::nullopt);
    }
}

void dispatcher::enqueue(const live_pointer& live, std::size_t customer, settlements& too_late) {
    for (const std::size_t i : look_at_gates(*live->op, customer).open) {
        step& s = live->op->steps[i];
        engine::queued_step a;
        a.op = live->op;
        a.step = static_cast<std::uint32_t>(i);
        const auto& place = drivers_[static_cast<std::size_t>(vendor_of(s.action))];
        // Retention may have erased the identifier. A step without one must never be sent.
        const bool erased = s.who->value.empty();
        if (!erased) {
            // Identifiers that an earlier process asked about in vain are not asked about again.
            const auto& asked = s.outcome.vendor.absent_by;
            if (const identifier* who = identifier_for(live->op->what.customers[customer], s.action, asked))
                s.who = *who;
        }
        // A try whose answer was lost with an earlier process may have been the last there is.
        const engine::vendor_view vendor = view_of(s.action);
        if (engine::is_used_up(s) || erased || !place ||
            engine::is_too_late(*live->op, s, {settings_.give_up_after}, clock_.today(), vendor)) {
            settlement& end = too_late.emplace_back();
            end.op = a.op;
            end.step = a.step;
            end.outcome = erased ? engine::outcome_at_the_end(s, outcome_code::erased)
                                 : engine::outcome_given_up(s, vendor);
            if (erased) end.outcome.retryable = false;
            continue;
        }
        a.generation = ++s.generation;
        place->push(std::move(a));
    }
}

asio::awaitable<void> dispatcher::resume() {
    const result<void> opened = co_await journal_.opened();
    if (opened.has_error()) co_return; // the process ends
    // From here on others may begin and send: nothing is awaited before the budgets know what was spent.
    for (const vendor v : all_vendors) {
        const auto& d = drivers_[static_cast<std::size_t>(v)];
        if (!d) continue;
        const duration span = settings_.of(v)->budget.per + settings_.of(v)->timeout;
        d->restore(
            journal_.departed_since(clock_.today() - std::chrono::ceil<std::chrono::milliseconds>(span)));
    }
    const journal::backlog left = journal_.left_behind();
    parked_ = left.operations;
    parked_steps_ = left.steps;
    if (parked_ > 0)
        log_.info("resuming what an earlier process left",
                  {{"operations", parked_}, {"steps", parked_steps_}});
    if (journal_.durable()) co_await feed();
}

asio::awaitable<void> dispatcher::feed() {
    journal::cursor at;
    bool found_any = true;
    bool passed_over = false;
    bool any_adopted = false;
    while (!halted_) {
        if (parked_ == 0 || !may_feed()) {
            const bool told = co_await changed_.wait_until(steady_time::max());
            if (!told) co_return;
            continue;
        }
        ++reading_;
        auto read = co_await journal_.unsettled(at, window_.page_operations, window_.page_steps);
        const std::unordered_set<std::string> settled = end_of_reading();
        if (read.has_error()) {
            const bool slept = co_await async::sleep_for(read_pause);
            if (!slept) co_return;
            continue;
        }
        if (halted_) co_return;
        for (std::shared_ptr<operation>& op : read->operations) {
            if (live_.contains(op->id) || settled.contains(op->id) || beginning_.contains(op->id)) continue;
            found_any = true;
            // Others that need vendors with room are not held up by this one.
            if (!room_for(*op, purpose::work)) {
                passed_over = true;
                continue;
            }
            parked_ -= std::min<std::uint64_t>(parked_, 1);
            parked_steps_ -= std::min<std::uint64_t>(parked_steps_, op->steps.size());
            adopt(op, {}, false);
            any_adopted = true;
        }
        pump();
        brought_in_.notify_all();
        at = read->next;
        if (!read->last) continue;
        // Round again for what was parked behind the cursor; when a whole round finds nothing there is
        // nothing.
        at = {};
        if (!found_any && !std::exchange(parked_lately_, false)) parked_ = parked_steps_ = 0;
        // A whole round that brought nothing in: for those that were passed over nothing has changed yet.
        if (passed_over && !any_adopted) {
            const bool slept = co_await async::sleep_for(round_pause);
            if (!slept) co_return;
        }
        found_any = passed_over = any_adopted = false;
    }
}

asio::awaitable<result<dispatcher::live_pointer>> dispatcher::bring_in(std::string id, purpose why) {
    if (draining_) co_return errc::draining;
    // The caller would wait for the disk, and be told nothing.
    if (!journal_.trouble().empty()) co_return errc::journal_unavailable;
    result<std::shared_ptr<operation>> found = errc::not_found;
    for (bool current = false; !current;) {
        if (live_pointer live = find(id)) co_return live;
        ++reading_;
        found = co_await journal_.find(id);
        const std::unordered_set<std::string> settled = end_of_reading();
        if (live_pointer live = find(id)) co_return live;
        if (found.has_error()) co_return found.error();
        // Brought in and settled by others while it was being read: what was read is out of date.
        current = !settled.contains(id);
    }
    if (beginning_.contains(id)) co_return errc::not_found; // its id has not been told yet
    const std::size_t steps = (*found)->steps.size();
    if (why == purpose::work && !room_for(**found, why)) co_return errc::queue_full;
    if (!(*found)->settled_at) {
        parked_ -= std::min<std::uint64_t>(parked_, 1);
        parked_steps_ -= std::min<std::uint64_t>(parked_steps_, steps);
    }
    live_pointer live = adopt(*found, {}, false);
    brought_in_.notify_all();
    co_return live;
}

std::unordered_set<std::string> dispatcher::end_of_reading() {
    if (--reading_ == 0) return std::exchange(settled_meanwhile_, {});
    return settled_meanwhile_;
}

void dispatcher::let_go(const live_operation& live) {
    live_weight_ -= live.weight;
    live_.erase(live.op->id);
    changed_.notify_all();
}

void dispatcher::release(const live_pointer& live) {
    let_go(*live);
}

asio::awaitable<void> dispatcher::give_up_in_time() {
    const engine::give_up_rule rule{settings_.give_up_after};
    const duration every = sweep_every(rule.after);
    while (!halted_) {
        const bool slept = co_await async::sleep_for(every);
        if (!slept || halted_) co_return;
        settlements over;
        for (const auto& [id, live] : live_) {
            if (!rule.is_over(*live->op, clock_.today())) continue;
            for (std::uint32_t i = 0; i < live->op->steps.size(); ++i) {
                const step& s = live->op->steps[i];
                if (s.stage != stage::queued || is_settled(s.outcome.status)) continue;
                const engine::vendor_view vendor = view_of(s.action);
                if (!engine::is_too_late(*live->op, s, rule, clock_.today(), vendor)) continue;
                if (over.size() == slice_steps) break;
                settlement& end = over.emplace_back();
                end.op = live->op;
                end.step = i;
                end.outcome = engine::outcome_given_up(s, vendor);
            }
        }
        if (!over.empty()) co_await settle(std::move(over), std::nullopt);
    }
}

} // namespace offboard::dispatch
