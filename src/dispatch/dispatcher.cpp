#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/engine/outcomes.hpp"

#include "vendor_driver.hpp"

#include "offboard/async/sleep.hpp"
#include "offboard/policy/eta.hpp"

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

/// For what is being written when the process ends.
constexpr auto patience_at_the_end = std::chrono::seconds(2);

shapes shapes_of(const config::settings& settings) {
    shapes out;
    for (const vendor v : all_vendors) {
        const auto& section = settings.of(v);
        if (!section) continue;
        shape& form = out[static_cast<std::size_t>(v)];
        form.max_batch = section->max_batch;
        form.source = section->source;
        if (!section->customer_id_type.empty()) form.wire.customer_id_type = section->customer_id_type;
    }
    return out;
}

http::client_settings client_settings_of(vendor v, const config::vendor_settings& s) {
    http::client_settings out;
    out.name = to_string(v);
    out.host = s.base_url.host;
    out.port = s.base_url.port;
    out.tls = s.base_url.tls;
    out.path_prefix = s.base_url.path;
    out.roots = s.roots;
    // One more than calls may be in flight, so that a token request never waits behind the calls that want
    // it.
    out.most_connections = s.max_in_flight + 1;
    return out;
}

/// A factory of clients holds two pointers, in a named type.
struct real_clients {
    asio::io_context* io;
    telemetry::log* log;
    std::unique_ptr<http::exchanger> operator()(vendor v, const config::vendor_settings& s) const {
        return std::make_unique<http::client>(*io, client_settings_of(v, s), *log);
    }
};

} // namespace

make_client client_factory(asio::io_context& io, telemetry::log& log) {
    return real_clients{&io, &log};
}

class dispatcher::port final : public operations_port {
public:
    explicit port(dispatcher& all) : all_(all) {}
    asio::awaitable<void> settle(settlements news, std::optional<journal::flight_number> landed) override {
        return all_.settle(std::move(news), landed);
    }
    const telemetry::origin* origin_of(std::string_view id) const override {
        const live_pointer live = all_.find(id);
        return live ? &live->origin : nullptr;
    }

private:
    dispatcher& all_;
};

dispatcher::dispatcher(asio::io_context& io, const config::settings& settings, journal::journal& j,
                       const clock& c, random_source& random, telemetry::log& log,
                       telemetry::metrics& metrics, telemetry::tracer& tracer, make_client make)
    : io_(io), settings_(settings), journal_(j), clock_(c), random_(random), log_(log), metrics_(metrics),
      tracer_(tracer), tasks_(io.get_executor(), log), make_client_(std::move(make)),
      forms_(shapes_of(settings)) {
    port_ = std::make_unique<port>(*this);
    const vendor_services services{*port_, io.get_executor(), tasks_, make_client_, check_,  journal_,
                                   clock_, random_,           log_,   metrics_,     tracer_, settings_};
    for (const vendor v : all_vendors) {
        const auto i = static_cast<std::size_t>(v);
        if (settings.of(v)) drivers_[i] = std::make_unique<vendor_driver>(services, v, forms_[i]);
    }
    for (const action a : all_actions) {
        if (!settings.of(vendor_of(a))) continue;
        metrics_.foresee(vendor_of(a), a);
        metrics_.count_steps(vendor_of(a), a, step_status::unknown, outcome_code::outcome_unknown, 0);
        metrics_.count_steps(vendor_of(a), a, step_status::failed, outcome_code::vendor_auth, 0);
    }
    metrics_.on_scrape([this](telemetry::metrics& out) {
        out.set_unsettled(unsettled());
        const journal::journal::figures written = journal_.counted();
        out.set_journal(written.commits, written.entries, journal_.trouble().empty());
        for (const auto& d : drivers_)
            if (d) d->show();
    });
}

dispatcher::~dispatcher() = default;

void dispatcher::start() {
    tasks_.spawn("resume", resume());
    tasks_.spawn("give up in time", give_up_in_time());
}

void dispatcher::use(const config::settings& now) {
    for (const vendor v : all_vendors)
        if (const auto& d = drivers_[static_cast<std::size_t>(v)]) d->use(*now.of(v));
    pump(); // what waits for other credentials
}

asio::awaitable<result<accepted>> dispatcher::begin(offboarding what, std::string id, std::string caller,
                                                    std::optional<journal::idempotency> key,
                                                    telemetry::origin from) {
    if (draining_) co_return errc::draining;
    auto op = std::make_shared<operation>();
    op->id = std::move(id);
    op->caller = std::move(caller);
    op->created_at = clock_.today();
    op->what = std::move(what);
    op->steps = expand(op->what, op->first_step);
    const std::size_t weight = weight_of(*op);

    const std::uint64_t waiting = live_unsettled_ + parked_steps_ + beginning_weight_;
    if (waiting > 0 && waiting + weight > settings_.limits.queue) {
        // An earlier operation's state is told all the same.
        if (!key) co_return errc::queue_full;
        auto known = co_await journal_.recall(std::move(*key));
        if (known.has_error()) co_return known.error();
        if (!*known) co_return errc::queue_full;
        accepted earlier;
        earlier.id = std::move(**known);
        earlier.replayed = true;
        co_return earlier;
    }
    const bool at_once = room_for(*op, purpose::new_work) || !journal_.durable();
    if (is_settled(*op)) op->settled_at = op->created_at;

    // While it is being written the feeder may read it back; who drives it is decided here.
    if (at_once) beginning_.insert(op->id);
    beginning_weight_ += weight;
    auto begun = co_await journal_.begin(op, std::move(key));
    beginning_weight_ -= weight;
    beginning_.erase(op->id);
    changed_.notify_all(); // the room that it had is free again, or another's is taken
    if (begun.has_error()) co_return begun.error();
    accepted out;
    out.id = std::move(begun->id);
    out.replayed = begun->replayed;
    if (out.replayed) co_return out;
    for (const step& s : op->steps) // those that want an identifier are settled from the start
        if (is_settled(s.outcome.status))
            metrics_.count_steps(vendor_of(s.action), s.action, s.outcome.status,
                                 telemetry::word::of(to_string(s.outcome.code)));
    if (!at_once) {
        ++parked_;
        parked_steps_ += op->steps.size();
        parked_lately_ = true;
        changed_.notify_all();
        out.as_taken = std::move(op);
        co_return out;
    }
    const auto live = adopt(op, std::move(from), true);
    out.as_taken = live->op;
    pump();
    if (live->op->settled_at) finish(live);
    co_return out;
}

dispatcher::live_pointer dispatcher::find(std::string_view id) const {
    const auto at = live_.find(std::string(id));
    return at == live_.end() ? nullptr : at->second;
}

void dispatcher::tell(telemetry::level l, std::string_view message, std::string_view id,
                      const telemetry::origin& from, std::initializer_list<telemetry::field> more) {
    std::vector<telemetry::field> fields = {{"operation", id}};
    from.add_to(fields);
    fields.insert(fields.end(), more.begin(), more.end());
    log_.write(l, message, fields);
}

engine::vendor_view dispatcher::view_of(action a) const {
    const auto& d = drivers_[static_cast<std::size_t>(vendor_of(a))];
    return d ? d->view_of(a) : engine::vendor_view();
}

asio::awaitable<result<std::shared_ptr<const operation>>> dispatcher::await_settled(std::string id,
                                                                                    steady_time deadline) {
    for (bool in_time = true;;) {
        if (const live_pointer live = find(id)) {
            const std::shared_ptr<const operation> shown = live->op;
            if (live->op->settled_at || !in_time || closing_ || clock_.now() >= deadline) co_return shown;
            in_time = co_await live->changed.wait_until(deadline);
            // Settled meanwhile, it is no longer among the live ones; this one is as good as any.
            if (live->op->settled_at || !in_time) co_return shown;
            continue;
        }
        auto found = co_await journal_.find(id);
        if (found.has_error()) co_return found.error();
        const std::shared_ptr<const operation> shown = *found;
        if (shown->settled_at || !in_time || closing_ || clock_.now() >= deadline) co_return shown;
        if (find(id)) continue;
        // It waits in the journal alone, until it is brought in.
        in_time = co_await brought_in_.wait_until(deadline);
    }
}

asio::awaitable<result<std::shared_ptr<const operation>>> dispatcher::retry(std::string id,
                                                                            telemetry::origin from) {
    auto found = co_await bring_in(std::move(id), purpose::work);
    if (found.has_error()) co_return found.error();
    const live_pointer live = *found;
    const std::vector<std::size_t> opened = reopen(*live->op);
    if (opened.empty()) {
        if (live->op->settled_at) release(live);
        pump(); // it may have been brought in
        co_return errc::nothing_to_do;
    }
    for (const std::size_t i : opened)
        count_unsettled(*live, live->op->steps[i].action, 1);
    live->undecided += opened.size();
    live->op->settled_at.reset();
    live->settles_at.reset();
    live->op->stopped = false;
    live->op->retried_at = clock_.today();
    std::vector<journal::progress_record> records(1);
    records.front().id = live->op->id;
    records.front().reopened_at = live->op->retried_at;
    for (const std::size_t i : opened) {
        const step& s = live->op->steps[i];
        journal::change& change = records.front().changes.emplace_back();
        change.step = static_cast<std::uint32_t>(i);
        change.outcome = s.outcome;
        change.attempts = s.attempts;
        change.history = s.history;
    }
    live->origin = std::move(from);
    tell(telemetry::level::info, "operation retried", live->op->id, live->origin, {{"steps", opened.size()}});
    auto recorded = co_await journal_.record(std::move(records), std::nullopt);
    if (recorded.has_error()) co_return recorded.error();
    settlements too_late;
    for (std::size_t c = 0; c < live->op->what.customers.size(); ++c)
        enqueue(live, c, too_late);
    co_await settle(std::move(too_late), std::nullopt);
    pump();
    const std::shared_ptr<const operation> shown = live->op;
    co_return shown;
}

asio::awaitable<result<std::shared_ptr<const operation>>> dispatcher::cancel(std::string id,
                                                                             telemetry::origin from) {
    auto found = co_await bring_in(std::move(id), purpose::rest);
    if (found.has_error()) co_return found.error();
    const live_pointer live = *found;
    settlements stopped;
    // What is in a call now finishes; should the vendor push it back, it is not sent again.
    const bool flying = std::ranges::any_of(live->op->steps, [](const step& s) {
        return s.stage == stage::in_flight && !is_settled(s.outcome.status);
    });
    const bool withheld = flying && !std::exchange(live->op->stopped, true);
    for (std::uint32_t i = 0; i < live->op->steps.size(); ++i) {
        const step& s = live->op->steps[i];
        const bool waits = s.stage == stage::held || s.stage == stage::queued;
        // What an earlier try may have done is not undone by stopping now: it goes on to its end.
        if (is_settled(s.outcome.status) || !waits) continue;
        settlement& stop = stopped.emplace_back();
        stop.op = live->op;
        stop.step = i;
        // What an earlier try may have done is not undone by stopping now, and the vendor is not asked again.
        if (s.history.acted_before) {
            stop.outcome = vendors::lost_outcome();
            continue;
        }
        stop.outcome.status = step_status::cancelled;
        stop.outcome.code = outcome_code::cancelled;
    }
    if (stopped.empty() && !withheld) {
        if (live->op->settled_at) release(live);
        pump(); // it may have been brought in
        co_return errc::nothing_to_do;
    }
    live->op->stopped = true;
    tell(telemetry::level::info, "operation cancelled", live->op->id, from, {{"steps", stopped.size()}});
    co_await settle(std::move(stopped), std::nullopt);
    const std::shared_ptr<const operation> shown = live->op;
    co_return shown;
}

void dispatcher::end_by(steady_time end) noexcept {
    for (const auto& d : drivers_)
        if (d) d->end_by(end);
}

void dispatcher::wake_all() {
    closing_ = true;
    for (const auto& [id, live] : live_)
        live->changed.notify_all();
    brought_in_.notify_all();
}

asio::awaitable<void> dispatcher::idle(steady_time deadline, steady_time last_end) {
    while (!journal_.durable() && !live_.empty()) {
        const bool told = co_await changed_.wait_until(deadline);
        if (!told) break;
    }
    halt();
    // The end of a call wakes no coroutine here: a look now and then is enough for the last seconds.
    const auto flying = [](const auto& d) { return d && d->calls_in_flight() > 0; };
    while (std::ranges::any_of(drivers_, flying) && clock_.now() < last_end) {
        const bool slept = co_await async::sleep_for(std::chrono::milliseconds(20));
        if (!slept) co_return;
    }
}

void dispatcher::halt() {
    halted_ = true;
    for (const auto& d : drivers_)
        if (d) d->halt();
}

std::chrono::seconds dispatcher::eta(const operation& op) const {
    if (!op.settled_at && !find(op.id)) return parked_eta(); // it waits behind all that is in line
    std::array<std::size_t, vendor_count> own{};
    for (const step& s : op.steps)
        if (!is_settled(s.outcome.status)) ++own[static_cast<std::size_t>(vendor_of(s.action))];
    std::chrono::seconds longest(1);
    for (std::size_t v = 0; v < vendor_count; ++v)
        if (own[v] > 0 && drivers_[v]) longest = std::max(longest, drivers_[v]->eta(own[v]));
    return longest;
}

std::chrono::seconds dispatcher::parked_eta() const {
    // As long again for each window of steps that is in front of it.
    const auto rounds = static_cast<std::int64_t>(1 + parked_steps_ / window_.steps);
    return std::min<std::chrono::seconds>(eta() * rounds, policy::longest_eta);
}

std::chrono::seconds dispatcher::eta() const {
    std::chrono::seconds longest(1);
    for (const auto& d : drivers_)
        if (d) longest = std::max(longest, d->eta());
    return longest;
}

std::vector<breaker_report> dispatcher::breakers() const {
    std::vector<breaker_report> out;
    for (const auto& d : drivers_)
        if (d) d->add_breakers(out);
    return out;
}

void dispatcher::pump() {
    for (const auto& d : drivers_)
        if (d) d->pump();
}

asio::awaitable<void> dispatcher::stop() {
    draining_ = true;
    halt();
    tasks_.cancel();
    const bool ended = co_await tasks_.join_until(clock_.now() + patience_at_the_end);
    // Tasks that still run wait for a disk that fails: the journal ends their wait.
    journal_.close();
    if (!ended) co_await tasks_.join();
    for (const auto& d : drivers_)
        if (d) co_await d->stop();
}

} // namespace offboard::dispatch
