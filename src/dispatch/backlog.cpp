// What is driven, what waits in the journal alone, and how one becomes the other.
#include "desk.hpp"
#include "outcomes.hpp"

#include "offboard/async/sleep.hpp"
#include "offboard/dispatch/dispatcher.hpp"

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

/// How often operations are looked at whose time is over: often enough for `after`, and never all the time.
constexpr duration sweep_every(duration after) {
    return std::clamp<duration>(after / 8, std::chrono::milliseconds(50), std::chrono::seconds(30));
}

} // namespace

bool dispatcher::room_for(const operation& op) const noexcept {
    if (live_.empty() && beginning_weight_ == 0) return true; // alone it may be of any size
    if (live_weight_ + beginning_weight_ + weight_of(op) > window_.steps) return false;
    std::array<bool, vendor_count> needs{};
    for (const step& s : op.steps)
        if (!is_settled(s.outcome.status)) needs[static_cast<std::size_t>(vendor_of(s.action))] = true;
    for (std::size_t v = 0; v < vendor_count; ++v)
        if (needs[v] && unsettled_steps_[v] >= window_.steps_of_one) return false;
    return true;
}

bool dispatcher::may_feed() const noexcept {
    return live_weight_ + beginning_weight_ < most_of(window_.steps) &&
           std::ranges::all_of(unsettled_steps_,
                               [&](std::size_t n) { return n < most_of(window_.steps_of_one); });
}

dispatcher::live_pointer dispatcher::adopt(const std::shared_ptr<operation>& op, telemetry::origin from) {
    auto live = std::make_shared<live_operation>();
    live->op = op;
    live->origin = std::move(from);
    for (const step& s : live->op->steps) {
        if (is_settled(s.outcome.status)) continue;
        ++live->unsettled;
        ++unsettled_steps_[static_cast<std::size_t>(vendor_of(s.action))];
    }
    live->undecided = live->unsettled;
    live->settles_at = live->op->settled_at;
    live->weight = weight_of(*op);
    live_weight_ += live->weight;
    live_.emplace(live->op->id, live);
    settlements at_once;
    for (std::size_t c = 0; c < live->op->what.customers.size(); ++c) {
        enqueue(live, c, at_once);
        // Gates are recorded with what shut them, so none should be found here; but nothing hangs on that.
        for (gate_news::shut_step& shut : look_at_gates(*live->op, c).shut)
            at_once.push_back(skip_of(live->op, std::move(shut)));
    }
    if (!at_once.empty()) tasks_.spawn("settle at once", settle(std::move(at_once), std::nullopt));
    return live;
}

void dispatcher::enqueue(const live_pointer& live, std::size_t customer, settlements& too_late) {
    for (const std::size_t i : look_at_gates(*live->op, customer).open) {
        step& s = live->op->steps[i];
        ask a;
        a.op = live->op;
        a.step = static_cast<std::uint32_t>(i);
        const auto& place = desks_[static_cast<std::size_t>(vendor_of(s.action))];
        // A try whose answer was lost with an earlier process may have been the last there is.
        const vendors::place on_wire = place_of(a, {});
        const bool used_up =
            s.history.lost >= 2 && vendors::repeat_rule(s.action, on_wire) == vendors::repeat::once;
        // Whom it was about the journal may have forgotten: nothing is sent about nobody.
        const bool erased = s.who->value.empty();
        if (used_up || erased || !place || given_up(*live->op)) {
            settlement& end = too_late.emplace_back();
            end.op = a.op;
            end.step = a.step;
            end.outcome = outcome_at_the_end(s, erased ? "erased" : place ? "given_up" : "not_configured");
            if (erased) end.outcome.retryable = false;
            continue;
        }
        a.turn = ++s.turn;
        place->push(std::move(a));
    }
}

asio::awaitable<void> dispatcher::resume() {
    const result<void> opened = co_await journal_.opened();
    if (opened.has_error()) co_return; // the process ends
    // From here on others may begin and send: nothing is awaited before the budgets know what was spent.
    for (const vendor v : all_vendors) {
        const auto& d = desks_[static_cast<std::size_t>(v)];
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
            parked_ -= std::min<std::uint64_t>(parked_, 1);
            parked_steps_ -= std::min<std::uint64_t>(parked_steps_, op->steps.size());
            adopt(op, {});
        }
        pump();
        brought_in_.notify_all();
        at = read->next;
        if (!read->last) continue;
        // Round again for what was parked behind the cursor; when a whole round finds nothing there is
        // nothing.
        at = {};
        if (!found_any && !std::exchange(parked_lately_, false)) parked_ = parked_steps_ = 0;
        found_any = false;
    }
}

asio::awaitable<result<dispatcher::live_pointer>> dispatcher::bring_in(std::string id, purpose why) {
    if (draining_) co_return errc::draining;
    // Whoever acts on it would wait for the disk, and be told nothing.
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
    if (beginning_.contains(id)) co_return errc::not_found; // nobody knows its id yet
    const std::size_t steps = (*found)->steps.size();
    if (why == purpose::work && !room_for(**found)) co_return errc::queue_full;
    if (!(*found)->settled_at) {
        parked_ -= std::min<std::uint64_t>(parked_, 1);
        parked_steps_ -= std::min<std::uint64_t>(parked_steps_, steps);
    }
    live_pointer live = adopt(*found, {});
    brought_in_.notify_all();
    co_return live;
}

std::unordered_set<std::string> dispatcher::end_of_reading() {
    if (--reading_ == 0) return std::exchange(settled_meanwhile_, {});
    return settled_meanwhile_;
}

void dispatcher::release(const live_pointer& live) {
    live_weight_ -= live->weight;
    live_.erase(live->op->id);
}

asio::awaitable<void> dispatcher::give_up_in_time() {
    const duration every = sweep_every(settings_.give_up_after);
    while (!halted_) {
        const bool slept = co_await async::sleep_for(every);
        if (!slept || halted_) co_return;
        settlements over;
        for (const auto& [id, live] : live_) {
            if (!given_up(*live->op)) continue;
            for (std::uint32_t i = 0; i < live->op->steps.size(); ++i) {
                const step& s = live->op->steps[i];
                if (s.stage != stage::queued || is_settled(s.outcome.status)) continue;
                settlement& end = over.emplace_back();
                end.op = live->op;
                end.step = i;
                end.outcome = outcome_at_the_end(s, "given_up");
            }
        }
        if (!over.empty()) co_await settle(std::move(over), std::nullopt);
    }
}

} // namespace offboard::dispatch
