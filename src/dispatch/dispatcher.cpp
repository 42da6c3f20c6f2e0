#include "offboard/dispatch/dispatcher.hpp"

#include "backlog_loader.hpp"
#include "live_operations.hpp"
#include "operation_driver.hpp"
#include "vendor_drivers.hpp"

#include "offboard/async/sleep.hpp"
#include "offboard/async/task_group.hpp"
#include "offboard/policy/eta.hpp"

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

/// For what is being written when the process ends.
constexpr auto patience_at_the_end = std::chrono::seconds(2);

engine::shapes shapes_of(const config::settings& settings) {
    engine::shapes out;
    for (const vendor v : all_vendors) {
        const auto& section = settings.of(v);
        if (!section) continue;
        engine::shape& form = out[static_cast<std::size_t>(v)];
        form.max_batch = section->max_batch;
        form.source = section->source;
        if (!section->customer_id_type.empty()) form.wire.customer_id_type = section->customer_id_type;
    }
    return out;
}

/// Series that exist before anything has happened: an alert needs a first value to see a change.
void foresee(telemetry::metrics& metrics, const config::settings& settings) {
    for (const action a : all_actions) {
        if (!settings.of(vendor_of(a))) continue;
        metrics.foresee(vendor_of(a), a);
        metrics.count_steps(vendor_of(a), a, step_status::unknown, outcome_code::outcome_unknown, 0);
        metrics.count_steps(vendor_of(a), a, step_status::failed, outcome_code::vendor_auth, 0);
    }
}

/// An operator's retry, for the journal.
journal::progress_record reopening_of(const operation& op, const std::vector<std::size_t>& opened) {
    journal::progress_record out;
    out.id = op.id;
    out.reopened_at = op.retried_at;
    out.changes.reserve(opened.size());
    for (const std::size_t i : opened) {
        const step& s = op.steps[i];
        journal::change& change = out.changes.emplace_back();
        change.step = static_cast<std::uint32_t>(i);
        change.outcome = s.outcome;
        change.attempts = s.attempts;
        change.history = s.history;
    }
    return out;
}

} // namespace

/// What the dispatcher is made of, in the order of use.
struct dispatcher::parts {
    parts(asio::io_context& io, const config::settings& s, journal::journal& j, const clock& c,
          random_source& random, telemetry::log& l, telemetry::metrics& m, telemetry::tracer& tracer,
          make_client make)
        : settings(s), journal(j), time(c), log(l), metrics(m), tasks(io.get_executor(), l),
          clients(std::move(make)), forms(shapes_of(s)), driver({live, tasks, j, c, l, m, {s.give_up_after}}),
          vendors({driver, io.get_executor(), tasks, clients, check, j, c, random, l, m, tracer, s}, forms),
          loader(live, driver, vendors, j, c, l) {
        driver.use(vendors);
    }

    const config::settings& settings;
    journal::journal& journal;
    const clock& time;
    telemetry::log& log;
    telemetry::metrics& metrics;
    async::task_group tasks;
    const make_client clients;
    secret_check check;
    const engine::shapes forms;
    live_operations live;
    operation_driver driver;
    vendor_drivers vendors;
    backlog_loader loader;
    bool draining = false;
    bool closing = false;

    void halt() {
        driver.halt();
        loader.halt();
        vendors.each([](vendor_driver& d) { d.halt(); });
    }
    std::chrono::seconds parked_eta() const;
    std::chrono::seconds eta() const;
    bool is_full(std::size_t weight) const noexcept {
        const std::uint64_t waiting = live.set.waiting();
        return waiting > 0 && waiting + weight > settings.limits.queue;
    }
    void count_settled_at_begin(const operation&);
    boost::asio::awaitable<result<accepted>> begin_in_full_queue(std::optional<journal::idempotency>);
    boost::asio::awaitable<result<live_pointer>> bring_in(std::string id, engine::purpose);
    /// The operation was brought in, and there is nothing to do.
    void release(const live_operation& l) {
        if (l.op->settled_at) live.remove(l);
        driver.pump(); // it may have been brought in
    }
};

dispatcher::dispatcher(asio::io_context& io, const config::settings& settings, journal::journal& j,
                       const clock& c, random_source& random, telemetry::log& log,
                       telemetry::metrics& metrics, telemetry::tracer& tracer, make_client make)
    : parts_(std::make_unique<parts>(io, settings, j, c, random, log, metrics, tracer, std::move(make))) {
    foresee(metrics, settings);
    metrics.on_scrape([this](telemetry::metrics& out) {
        out.set_unsettled(unsettled());
        const journal::journal::figures written = parts_->journal.counted();
        out.set_journal(written.commits, written.entries, parts_->journal.trouble().empty());
        parts_->vendors.each([](vendor_driver& d) { d.show(); });
    });
}

dispatcher::~dispatcher() = default;

void dispatcher::start() {
    parts& p = *parts_;
    p.tasks.spawn("load the backlog", p.loader.run(p.settings));
    p.tasks.spawn("give up in time", p.driver.give_up_in_time());
}

void dispatcher::on_refusal(secret_check check) {
    parts_->check = std::move(check);
}

void dispatcher::use(const config::settings& now) {
    parts_->vendors.each([&](vendor_driver& d) { d.use(*now.of(d.to())); });
    parts_->vendors.pump(); // what waits for other credentials
}

asio::awaitable<result<accepted>>
dispatcher::parts::begin_in_full_queue(std::optional<journal::idempotency> key) {
    // An earlier operation's state is told all the same.
    if (!key) co_return errc::queue_full;
    auto known = co_await journal.recall(std::move(*key));
    if (known.has_error()) co_return known.error();
    if (!*known) co_return errc::queue_full;
    accepted earlier;
    earlier.id = std::move(**known);
    earlier.replayed = true;
    co_return earlier;
}

void dispatcher::parts::count_settled_at_begin(const operation& op) {
    for (const step& s : op.steps)
        if (is_settled(s.outcome.status))
            metrics.count_steps(vendor_of(s.action), s.action, s.outcome.status,
                                telemetry::word::of(to_string(s.outcome.code)));
}

asio::awaitable<result<accepted>> dispatcher::begin(offboarding what, std::string id, std::string caller,
                                                    std::optional<journal::idempotency> key,
                                                    telemetry::origin from) {
    parts& p = *parts_;
    if (p.draining) co_return errc::draining;
    auto op = std::make_shared<operation>();
    op->id = std::move(id);
    op->caller = std::move(caller);
    op->created_at = p.time.today();
    op->what = std::move(what);
    const std::size_t weight = weight_of(*op);
    if (p.is_full(weight)) {
        auto earlier = co_await p.begin_in_full_queue(std::move(key));
        co_return earlier;
    }
    // Its room is taken from here on: other requests come while this one is expanded.
    p.live.set.begins(op->id, weight, false);
    bool going_down = false;
    while (!going_down && expand_more(op->what, slice_steps, op->steps, op->first_step)) {
        const bool slept = co_await async::sleep_for(duration::zero()); // others have their turn
        going_down = !slept;
    }
    p.live.set.begun(op->id, weight);
    if (going_down) co_return errc::draining;
    const bool at_once = p.live.set.has_room(*op, engine::purpose::new_work) || !p.journal.durable();
    if (is_settled(*op)) op->settled_at = op->created_at;

    // While it is being written the loader may read it back; who drives it is decided here.
    p.live.set.begins(op->id, weight, at_once);
    auto begun = co_await p.journal.begin(op, std::move(key));
    p.live.set.begun(op->id, weight);
    p.live.changed.notify_all();
    if (begun.has_error()) co_return begun.error();
    accepted out;
    out.id = std::move(begun->id);
    out.replayed = begun->replayed;
    if (out.replayed) co_return out;
    p.count_settled_at_begin(*op);
    if (!at_once) {
        p.live.set.park(1, op->steps.size());
        p.live.changed.notify_all();
        out.as_taken = std::move(op);
        co_return out;
    }
    const live_pointer live = p.driver.adopt(op, std::move(from), true);
    out.as_taken = live->op;
    p.driver.pump();
    if (live->op->settled_at) p.driver.finish(live);
    co_return out;
}

asio::awaitable<result<std::shared_ptr<const operation>>> dispatcher::await_settled(std::string id,
                                                                                    steady_time deadline) {
    parts& p = *parts_;
    for (bool in_time = true;;) {
        if (const live_pointer live = p.live.find(id)) {
            const std::shared_ptr<const operation> shown = live->op;
            if (live->op->settled_at || !in_time || p.closing || p.time.now() >= deadline) co_return shown;
            in_time = co_await live->changed.wait_until(deadline);
            // Settled meanwhile, it is no longer among the live ones; this one is as good as any.
            if (live->op->settled_at || !in_time) co_return shown;
            continue;
        }
        auto found = co_await p.journal.find(id);
        if (found.has_error()) co_return found.error();
        const std::shared_ptr<const operation> shown = *found;
        if (shown->settled_at || !in_time || p.closing || p.time.now() >= deadline) co_return shown;
        if (p.live.find(id)) continue;
        // It waits in the journal alone, until it is brought in.
        in_time = co_await p.live.brought_in.wait_until(deadline);
    }
}

asio::awaitable<result<live_pointer>> dispatcher::parts::bring_in(std::string id, engine::purpose why) {
    if (draining) co_return errc::draining;
    auto found = co_await loader.bring_in(std::move(id), why);
    co_return found;
}

asio::awaitable<result<std::shared_ptr<const operation>>> dispatcher::retry(std::string id,
                                                                            telemetry::origin from) {
    parts& p = *parts_;
    auto found = co_await p.bring_in(std::move(id), engine::purpose::work);
    if (found.has_error()) co_return found.error();
    const live_pointer live = *found;
    operation& op = *live->op;
    const std::vector<std::size_t> opened = reopen(op);
    if (opened.empty()) {
        p.release(*live);
        co_return errc::nothing_to_do;
    }
    for (const std::size_t i : opened)
        p.live.set.count(live->counted, op.steps[i].action, 1);
    live->counted.undecided += opened.size();
    live->settles_at.reset();
    live->origin = std::move(from);
    op.settled_at.reset();
    op.stopped = false;
    op.retried_at = p.time.today();
    tell_operation(p.log, telemetry::level::info, "operation retried", op.id, live->origin,
                   {{"steps", opened.size()}});
    std::vector<journal::progress_record> records;
    records.push_back(reopening_of(op, opened));
    auto recorded = co_await p.journal.record(std::move(records), std::nullopt);
    if (recorded.has_error()) co_return recorded.error();
    p.driver.hand_over_all(live);
    p.driver.pump();
    const std::shared_ptr<const operation> shown = live->op;
    co_return shown;
}

asio::awaitable<result<std::shared_ptr<const operation>>> dispatcher::cancel(std::string id,
                                                                             telemetry::origin from) {
    parts& p = *parts_;
    auto found = co_await p.bring_in(std::move(id), engine::purpose::rest);
    if (found.has_error()) co_return found.error();
    const live_pointer live = *found;
    // What is in a call now finishes; should the vendor push it back, it is not sent again.
    const bool withheld = engine::is_in_flight(*live->op) && !std::exchange(live->op->stopped, true);
    const std::size_t waiting = engine::count_waiting(*live->op);
    if (waiting == 0 && !withheld) {
        p.release(*live);
        co_return errc::nothing_to_do;
    }
    live->op->stopped = true; // from here on nothing of it leaves
    tell_operation(p.log, telemetry::level::info, "operation cancelled", live->op->id, from,
                   {{"steps", waiting}});
    co_await p.driver.settle_cancelled(live);
    const std::shared_ptr<const operation> shown = live->op;
    co_return shown;
}

const engine::shapes& dispatcher::forms() const noexcept {
    return parts_->forms;
}

std::uint64_t dispatcher::unsettled() const noexcept {
    return parts_->live.unsettled();
}

void dispatcher::drain() noexcept {
    parts_->draining = true;
}

bool dispatcher::draining() const noexcept {
    return parts_->draining;
}

void dispatcher::end_by(steady_time end) noexcept {
    parts_->vendors.each([end](vendor_driver& d) { d.end_by(end); });
}

void dispatcher::wake_all() {
    parts_->closing = true;
    for (const auto& [id, live] : parts_->live.all())
        live->changed.notify_all();
    parts_->live.brought_in.notify_all();
}

asio::awaitable<void> dispatcher::idle(steady_time deadline, steady_time last_end) {
    parts& p = *parts_;
    while (!p.journal.durable() && !p.live.all().empty()) {
        const bool told = co_await p.live.changed.wait_until(deadline);
        if (!told) break;
    }
    p.halt();
    // The end of a call wakes no coroutine here: a look now and then is enough for the last seconds.
    for (std::size_t calls = 1; calls > 0 && p.time.now() < last_end;) {
        calls = 0;
        p.vendors.each([&](vendor_driver& d) { calls += d.calls_in_flight(); });
        if (calls == 0) break;
        const bool slept = co_await async::sleep_for(std::chrono::milliseconds(20));
        if (!slept) co_return;
    }
}

std::chrono::seconds dispatcher::eta(const operation& op) const {
    if (!op.settled_at && !parts_->live.find(op.id)) return parts_->parked_eta();
    std::array<std::size_t, vendor_count> own{};
    for (const step& s : op.steps)
        if (!is_settled(s.outcome.status)) ++own[static_cast<std::size_t>(vendor_of(s.action))];
    std::chrono::seconds longest(1);
    parts_->vendors.each([&](vendor_driver& d) {
        const std::size_t steps = own[static_cast<std::size_t>(d.to())];
        if (steps > 0) longest = std::max(longest, d.eta(steps));
    });
    return longest;
}

std::chrono::seconds dispatcher::parts::parked_eta() const {
    // It waits behind all that is queued, and as long again for each window of steps in front of it.
    const auto rounds = static_cast<std::int64_t>(1 + live.set.parked_steps() / live.set.bounds().steps);
    return std::min<std::chrono::seconds>(eta() * rounds, policy::longest_eta);
}

std::chrono::seconds dispatcher::parts::eta() const {
    std::chrono::seconds longest(1);
    vendors.each([&](vendor_driver& d) { longest = std::max(longest, d.eta()); });
    return longest;
}

std::chrono::seconds dispatcher::eta() const {
    return parts_->eta();
}

engine::waiting_view dispatcher::waiting(const operation& op) const {
    engine::waiting_view out;
    out.now = parts_->time.now();
    out.today = parts_->time.today();
    out.parked = !op.settled_at && !parts_->live.find(op.id);
    for (const action a : all_actions)
        if (vendor_driver* const d = parts_->vendors.of(vendor_of(a)))
            out.by_action[static_cast<std::size_t>(a)] = d->wait_of(a);
    return out;
}

std::vector<breaker_report> dispatcher::breakers() const {
    std::vector<breaker_report> out;
    parts_->vendors.each([&](vendor_driver& d) { d.add_breakers(out); });
    return out;
}

asio::awaitable<void> dispatcher::stop() {
    parts& p = *parts_;
    p.draining = true;
    p.halt();
    p.tasks.cancel();
    const bool ended = co_await p.tasks.join_until(p.time.now() + patience_at_the_end);
    // Tasks that still run wait for a disk that fails: the journal ends their wait.
    p.journal.close();
    if (!ended) co_await p.tasks.join();
    for (const vendor v : all_vendors)
        if (vendor_driver* const d = p.vendors.of(v)) co_await d->stop();
}

} // namespace offboard::dispatch
