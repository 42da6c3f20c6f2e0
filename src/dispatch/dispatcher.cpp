#include "offboard/dispatch/dispatcher.hpp"

#include "desk.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

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

} // namespace

dispatcher::dispatcher(asio::io_context& io, const config::settings& settings, journal::journal& j,
                       const clock& c, random_source& random, telemetry::log& log,
                       telemetry::metrics& metrics)
    : io_(io), settings_(settings), journal_(j), clock_(c), random_(random), log_(log), metrics_(metrics),
      tasks_(io.get_executor(), log), forms_(shapes_of(settings)) {
    for (const vendor v : all_vendors) {
        const auto i = static_cast<std::size_t>(v);
        if (settings.of(v)) desks_[i] = std::make_unique<desk>(*this, v, *settings.of(v), forms_[i]);
    }
    for (std::size_t i = 0; i < action_count; ++i) {
        const auto a = static_cast<action>(i);
        if (!settings.of(vendor_of(a))) continue;
        metrics_.foresee(vendor_of(a), a);
        metrics_.count_steps(vendor_of(a), a, step_status::unknown, "outcome_unknown", 0);
    }
    metrics_.on_scrape([this](telemetry::metrics& out) {
        out.set_unsettled(live_.size());
        for (const auto& d : desks_)
            if (d) d->show(out);
    });
}

dispatcher::~dispatcher() = default;

asio::awaitable<result<std::shared_ptr<live_operation>>> dispatcher::begin(offboarding what, std::string id) {
    if (draining_) co_return errc::draining;
    auto live = std::make_shared<live_operation>();
    operation& op = live->op;
    op.id = std::move(id);
    op.created_at = clock_.today();
    op.what = std::move(what);
    op.steps = expand(op.what, op.first_step);

    std::array<std::size_t, vendor_count> wanted{};
    for (const step& s : op.steps)
        ++wanted[static_cast<std::size_t>(vendor_of(s.action))];
    for (std::size_t v = 0; v < vendor_count; ++v)
        if (wanted[v] > 0 && !desks_[v]->has_room(wanted[v], settings_.limits.queue))
            co_return errc::queue_full;

    if (is_settled(op)) op.settled_at = op.created_at;
    std::shared_ptr<const operation> record(live, &op);
    auto begun = co_await journal_.begin(std::move(record));
    if (begun.has_error()) co_return begun.error();
    live_.emplace(op.id, live);
    for (std::size_t c = 0; c < op.what.customers.size(); ++c)
        enqueue(live, c);
    if (op.settled_at) finish(live);
    for (const auto& d : desks_)
        if (d) d->pump();
    co_return live;
}

std::shared_ptr<live_operation> dispatcher::find(std::string_view id) const {
    const auto at = live_.find(std::string(id));
    return at == live_.end() ? nullptr : at->second;
}

void dispatcher::enqueue(const std::shared_ptr<live_operation>& live, std::size_t customer) {
    for (const std::size_t i : open_gates(live->op, customer)) {
        live->op.steps[i].dispatched = true;
        ask a;
        a.op = std::shared_ptr<operation>(live, &live->op);
        a.step = static_cast<std::uint32_t>(i);
        desks_[static_cast<std::size_t>(vendor_of(live->op.steps[i].action))]->push(std::move(a));
    }
}

bool dispatcher::given_up(const operation& op) const {
    return clock_.today() - op.created_at >= settings_.give_up_after;
}

asio::awaitable<void> dispatcher::settle(std::vector<settlement> news) {
    // By operation, in no particular order: each operation's changes are one record.
    std::ranges::sort(news, {},
                      [](const settlement& s) { return std::pair(s.whose.op.get(), s.whose.step); });
    std::vector<journal::progress_record> records;
    for (const settlement& s : news) {
        if (records.empty() || records.back().id != s.whose.op->id)
            records.emplace_back().id = s.whose.op->id;
        journal::change& change = records.back().changes.emplace_back();
        change.step = s.whose.step;
        change.outcome = s.outcome;
        change.attempts = s.whose.what().attempts;
    }
    auto recorded = co_await journal_.record(std::move(records));
    if (recorded.has_error()) {
        log_.error("outcomes not recorded", {{"reason", recorded.error().message()}, {"steps", news.size()}});
        co_return;
    }
    std::vector<std::shared_ptr<live_operation>> touched;
    for (std::size_t i = 0; i < news.size(); ++i) {
        operation& op = *news[i].whose.op;
        step& s = op.steps[news[i].whose.step];
        s.outcome = std::move(news[i].outcome);
        metrics_.count_steps(vendor_of(s.action), s.action, s.outcome.status,
                             telemetry::word::of(s.outcome.code));
        const bool last_of_customer = i + 1 == news.size() || news[i + 1].whose.op.get() != &op ||
                                      op.steps[news[i + 1].whose.step].customer != s.customer;
        if (!last_of_customer) continue;
        auto live = find(op.id);
        enqueue(live, s.customer);
        if (touched.empty() || touched.back() != live) touched.push_back(std::move(live));
    }
    for (const auto& live : touched) {
        if (live->closing || !is_settled(live->op)) continue;
        live->closing = true;
        // What gates skipped follows from the steps recorded above, so a restart would skip it again: only
        // the time has to be recorded before the whole is shown as settled.
        const wall_time settled_at = clock_.today();
        std::vector<journal::progress_record> last(1);
        last.front().id = live->op.id;
        last.front().settled_at = settled_at;
        auto closed = co_await journal_.record(std::move(last));
        if (closed.has_error()) continue;
        live->op.settled_at = settled_at;
        finish(live);
    }
    for (const auto& d : desks_)
        if (d) d->pump();
}

void dispatcher::finish(const std::shared_ptr<live_operation>& live) {
    const summary counted = recount(live->op);
    const auto steps = [&](step_status s) { return counted.steps[static_cast<std::size_t>(s)]; };
    log_.info("operation settled", {{"operation", live->op.id},
                                    {"status", to_string(progress_of(counted))},
                                    {"customers", counted.customer_count},
                                    {"steps", live->op.steps.size()},
                                    {"failed", steps(step_status::failed)},
                                    {"unknown", steps(step_status::unknown)}});
    metrics_.count_operations(progress_of(counted));
    for (const step& s :
         live->op.steps) // what gates and missing identifiers skipped never went through settle()
        if (!s.dispatched)
            metrics_.count_steps(vendor_of(s.action), s.action, s.outcome.status,
                                 telemetry::word::of(s.outcome.code));
    live->changed.notify_all();
    live_.erase(live->op.id);
    finished_.notify_all();
}

void dispatcher::wake_all() {
    closing_ = true;
    for (const auto& [id, live] : live_)
        live->changed.notify_all();
}

asio::awaitable<std::size_t> dispatcher::idle(steady_time deadline) {
    while (!live_.empty()) {
        const bool told = co_await finished_.wait_until(deadline);
        if (!told) break;
    }
    co_return live_.size();
}

std::chrono::seconds dispatcher::eta(const operation& op) const {
    std::array<std::size_t, vendor_count> own{};
    for (const step& s : op.steps)
        if (!is_settled(s.outcome.status)) ++own[static_cast<std::size_t>(vendor_of(s.action))];
    std::chrono::seconds longest(1);
    for (std::size_t v = 0; v < vendor_count; ++v)
        if (own[v] > 0) longest = std::max(longest, desks_[v]->eta(own[v]));
    return longest;
}

std::chrono::seconds dispatcher::eta() const {
    std::chrono::seconds longest(1);
    for (const auto& d : desks_)
        if (d) longest = std::max(longest, d->eta());
    return longest;
}

std::vector<breaker_report> dispatcher::breakers() const {
    std::vector<breaker_report> out;
    for (const auto& d : desks_)
        if (d) d->add_breakers(out);
    return out;
}

asio::awaitable<void> dispatcher::stop() {
    draining_ = true;
    for (const auto& d : desks_)
        if (d) d->halt();
    tasks_.cancel();
    co_await tasks_.join();
    for (const auto& d : desks_)
        if (d) co_await d->stop();
}

} // namespace offboard::dispatch
