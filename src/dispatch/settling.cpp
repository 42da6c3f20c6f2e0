// From a step's news to what callers see: decided, made durable, shown; then the gates behind it.
#include "operation_driver.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

namespace asio = boost::asio;

namespace offboard::dispatch {

asio::awaitable<void> operation_driver::settle(engine::settlements news,
                                               std::optional<journal::flight_number> landed) {
    while (!news.empty() || landed) {
        decide(news);
        auto records = records_of(news);
        auto recorded = co_await with_.journal.record(std::move(records), landed);
        if (recorded.has_error()) {
            tell_unrecorded(recorded.error(), news);
            co_return;
        }
        landed.reset();
        engine::settlements too_late;
        std::vector<std::pair<live_pointer, std::uint32_t>> touched;
        for (const engine::settlement& n : news) {
            const std::pair customer(with_.live.find(n.op->id), n.op->steps[n.step].customer);
            if (n.outcome.status == step_status::pending || !customer.first) continue;
            if (touched.empty() || touched.back() != customer) touched.push_back(customer);
        }
        apply(std::move(news));
        engine::working_set& set = with_.live.set;
        if (set.parked() > 0 && set.may_load()) with_.live.changed.notify_all();
        for (const auto& [live, customer] : touched)
            hand_over(live, customer, too_late);
        for (const auto& [live, customer] : touched)
            if (live->counted.unsettled == 0 && live->settles_at && !live->op->settled_at) finish(live);
        news = std::move(too_late);
    }
    pump();
}

void operation_driver::tell_unrecorded(const boost::system::error_code& why,
                                       const engine::settlements& news) {
    const std::string reason = why.message();
    const std::initializer_list<telemetry::field> fields = {{"reason", reason}, {"steps", news.size()}};
    // They stand by operation.
    const bool of_one = !news.empty() && news.front().op == news.back().op;
    const auto live = of_one ? with_.live.find(news.front().op->id) : nullptr;
    if (live)
        tell_operation(with_.log, telemetry::level::error, "outcomes not recorded", live->op->id,
                       live->origin, fields);
    else
        with_.log.error("outcomes not recorded", fields);
}

void operation_driver::decide(engine::settlements& news) {
    engine::order(news);
    engine::settlements skipped;
    const auto take = [this](const engine::settlements& some) {
        engine::decide(some);
        for (const engine::settlement& n : some)
            if (const auto live = n.settles() ? with_.live.find(n.op->id) : nullptr)
                --live->counted.undecided;
    };
    take(news);
    skipped = engine::shut_gates(news);
    if (skipped.empty()) return;
    take(skipped);
    std::ranges::move(skipped, std::back_inserter(news));
    engine::order(news);
}

std::vector<journal::progress_record> operation_driver::records_of(const engine::settlements& news) {
    std::vector<journal::progress_record> records;
    const operation* last = nullptr;
    for (const engine::settlement& n : news) {
        if (last != n.op.get()) {
            last = n.op.get();
            records.emplace_back().id = last->id;
            const auto live = with_.live.find(last->id);
            // The last outcome and the end of the operation are one record: neither is there without the
            // other after a crash.
            if (live && live->counted.undecided == 0 && !live->settles_at) {
                live->settles_at = with_.time.today();
                records.back().settled_at = live->settles_at;
            }
        }
        journal::change& change = records.back().changes.emplace_back();
        const step& s = n.op->steps[n.step];
        change.step = n.step;
        change.outcome = n.outcome;
        change.blocked_by = n.blocked_by;
        change.attempts = s.attempts;
        change.history = s.history;
    }
    return records;
}

void operation_driver::apply(engine::settlements news) {
    for (engine::settlement& n : news) {
        if (n.outcome.status == step_status::pending) continue;
        engine::apply(n);
        const step& s = n.what();
        with_.metrics.count_steps(vendor_of(s.action), s.action, s.outcome.status,
                                  telemetry::word::of(to_string(s.outcome.code)));
        if (const auto live = with_.live.find(n.op->id)) {
            with_.live.set.count(live->counted, s.action, -1);
        }
    }
}

namespace {

/// Why steps are failed or unknown, as "unexpected_body 2, vendor_auth 1"; empty when none is.
std::string reasons_of(const operation& op) {
    std::map<std::string_view, std::size_t> counts;
    for (const step& s : op.steps)
        if (s.outcome.status == step_status::failed || s.outcome.status == step_status::unknown)
            ++counts[to_string(s.outcome.code)];
    std::string out;
    for (const auto& [code, n] : counts) {
        if (!out.empty()) out += ", ";
        out += code;
        out += ' ';
        out += std::to_string(n);
    }
    return out;
}

} // namespace

void operation_driver::finish(const live_pointer& live) {
    live->op->settled_at = live->settles_at;
    const summary counted = recount(*live->op);
    const auto steps = [&](step_status s) { return counted.steps[static_cast<std::size_t>(s)]; };
    tell_operation(with_.log, telemetry::level::info, "operation settled", live->op->id, live->origin,
                   {{"status", to_string(progress_of(counted))},
                    {"customers", counted.customer_count},
                    {"steps", live->op->steps.size()},
                    {"failed", steps(step_status::failed)},
                    {"unknown", steps(step_status::unknown)},
                    {"codes", reasons_of(*live->op)}});
    with_.metrics.count_operations(progress_of(counted));
    with_.live.set.settled(live->op->id);
    live->changed.notify_all();
    with_.live.remove(*live);
}

} // namespace offboard::dispatch
