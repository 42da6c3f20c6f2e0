// From a step's news to what callers see: decided, made durable, shown; then the gates behind it.
#include "vendor_driver.hpp"

#include "offboard/dispatch/dispatcher.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

namespace asio = boost::asio;

namespace offboard::dispatch {

asio::awaitable<void> dispatcher::settle(settlements news, std::optional<journal::flight_number> landed) {
    while (!news.empty() || landed) {
        decide(news);
        auto records = records_of(news);
        auto recorded = co_await journal_.record(std::move(records), landed);
        if (recorded.has_error()) {
            tell_unrecorded(recorded.error(), news);
            co_return;
        }
        landed.reset();
        settlements too_late;
        std::vector<std::pair<live_pointer, std::uint32_t>> touched;
        for (const settlement& n : news) {
            const std::pair customer(find(n.op->id), n.op->steps[n.step].customer);
            if (n.outcome.status == step_status::pending || !customer.first) continue;
            if (touched.empty() || touched.back() != customer) touched.push_back(customer);
        }
        apply(std::move(news));
        if (parked_ > 0 && may_feed()) changed_.notify_all();
        for (const auto& [live, customer] : touched)
            enqueue(live, customer, too_late);
        for (const auto& [live, customer] : touched)
            if (live->unsettled == 0 && live->settles_at && !live->op->settled_at) finish(live);
        news = std::move(too_late);
    }
    pump();
}

void dispatcher::tell_unrecorded(const boost::system::error_code& why, const settlements& news) {
    const std::string reason = why.message();
    const std::initializer_list<telemetry::field> fields = {{"reason", reason}, {"steps", news.size()}};
    // They stand by operation.
    const bool of_one = !news.empty() && news.front().op == news.back().op;
    const auto live = of_one ? find(news.front().op->id) : nullptr;
    if (live)
        tell(telemetry::level::error, "outcomes not recorded", live->op->id, live->origin, fields);
    else
        log_.error("outcomes not recorded", fields);
}

void dispatcher::decide(settlements& news) {
    engine::order(news);
    settlements skipped;
    const auto take = [this](const settlements& some) {
        engine::decide(some);
        for (const settlement& n : some)
            if (const auto live = n.settles() ? find(n.op->id) : nullptr) --live->undecided;
    };
    take(news);
    skipped = engine::shut_gates(news);
    if (skipped.empty()) return;
    take(skipped);
    std::ranges::move(skipped, std::back_inserter(news));
    engine::order(news);
}

std::vector<journal::progress_record> dispatcher::records_of(const settlements& news) {
    std::vector<journal::progress_record> records;
    const operation* last = nullptr;
    for (const settlement& n : news) {
        if (last != n.op.get()) {
            last = n.op.get();
            records.emplace_back().id = last->id;
            const auto live = find(last->id);
            // The last outcome and the end of the operation are one record: neither is there without the
            // other after a crash.
            if (live && live->undecided == 0 && !live->settles_at) {
                live->settles_at = clock_.today();
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

void dispatcher::apply(settlements news) {
    for (settlement& n : news) {
        if (n.outcome.status == step_status::pending) continue;
        engine::apply(n);
        const step& s = n.what();
        metrics_.count_steps(vendor_of(s.action), s.action, s.outcome.status,
                             telemetry::word::of(to_string(s.outcome.code)));
        if (const auto live = find(n.op->id)) {
            count_unsettled(*live, s.action, -1);
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

void dispatcher::finish(const live_pointer& live) {
    live->op->settled_at = live->settles_at;
    const summary counted = recount(*live->op);
    const auto steps = [&](step_status s) { return counted.steps[static_cast<std::size_t>(s)]; };
    tell(telemetry::level::info, "operation settled", live->op->id, live->origin,
         {{"status", to_string(progress_of(counted))},
          {"customers", counted.customer_count},
          {"steps", live->op->steps.size()},
          {"failed", steps(step_status::failed)},
          {"unknown", steps(step_status::unknown)},
          {"codes", reasons_of(*live->op)}});
    metrics_.count_operations(progress_of(counted));
    if (reading_) settled_meanwhile_.insert(live->op->id);
    live->changed.notify_all();
    let_go(*live);
}

} // namespace offboard::dispatch
