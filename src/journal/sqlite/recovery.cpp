#include "recovery.hpp"

#include "layout.hpp"

#include <algorithm>
#include <map>

namespace offboard::journal::sqlite {

namespace {

using lost_tries = std::map<std::string, std::map<std::uint32_t, std::uint32_t>>; ///< id, step: tries

std::optional<vendor> vendor_named(std::string_view name) {
    for (const vendor v : all_vendors)
        if (to_string(v) == name) return v;
    return std::nullopt;
}

progress_record lost_record(const operation& op, const std::map<std::uint32_t, std::uint32_t>& tries) {
    progress_record r;
    r.id = op.id;
    for (const auto& [index, count] : tries) {
        if (index >= op.steps.size()) continue;
        const step& s = op.steps[index];
        // Settled means told: that never changes.
        if (is_settled(s.outcome.status)) continue;
        change c;
        c.step = index;
        c.outcome = s.outcome;
        c.outcome.status = step_status::pending;
        c.outcome.code = outcome_code::outcome_unknown;
        c.blocked_by = s.blocked_by;
        c.attempts = s.attempts + count;
        c.history = s.history;
        c.history.lost += count;
        c.history.acted_before = true;
        c.history.in_doubt = true;
        r.changes.push_back(std::move(c));
    }
    return r;
}

result<void> fold(const lost_tries& lost, store& entries, telemetry::log& log) {
    for (const auto& [id, tries] : lost) {
        const result<std::shared_ptr<operation>> op = entries.find(id);
        if (op.has_error() && op.error().category() == category()) return op.error();
        if (op.has_error()) {
            log.error("an operation with a call in flight cannot be read", {{"operation", id}});
            continue;
        }
        std::vector<progress_record> records{lost_record(**op, tries)};
        const result<void> done = entries.record(records, std::nullopt);
        if (done.has_error()) return done;
    }
    return {};
}

} // namespace

result<inheritance> take_over(database& db, store& entries, telemetry::log& log, wall_time now) {
    inheritance out;
    lost_tries lost;
    const std::int64_t since = milliseconds(now - keep_calls);
    {
        result<statement> all =
            db.prepare("SELECT number, vendor, at, steps, calls FROM flight ORDER BY number");
        if (all.has_error()) return all.error();
        rows r = all->query();
        result<bool> more = r.next();
        for (; more.has_value() && *more; more = r.next()) {
            out.last_flight = static_cast<flight_number>(r.integer(0));
            const std::optional<vendor> to = vendor_named(r.bytes(1));
            const auto count = [&](std::int64_t at) {
                if (to && at >= since) out.calls.push_back({*to, from_milliseconds(at)});
            };
            if (r.null(4)) count(r.integer(2));
            const std::string_view calls = r.bytes(4);
            for (std::size_t i = 0; i < calls.size() / packed_time; ++i)
                count(time_in(calls, i));
            if (r.null(3)) continue;
            for (const auto& [id, step] : read_steps(r.bytes(3)))
                ++lost[id][step];
        }
        if (more.has_error()) return more.error();
    }
    std::ranges::stable_sort(out.calls, {}, &past_call::at);
    if (!lost.empty()) {
        const result<void> folded = fold(lost, entries, log);
        if (folded.has_error()) return folded.error();
        const result<void> landed = db.run("UPDATE flight SET steps = NULL WHERE steps IS NOT NULL");
        if (landed.has_error()) return landed.error();
    }
    result<statement> count = db.prepare("SELECT count(*), coalesce(sum(steps), 0) FROM operation"
                                         " INDEXED BY unsettled WHERE settled_at IS NULL");
    if (count.has_error()) return count.error();
    rows r = count->query();
    const result<bool> row = r.next();
    if (row.has_error()) return row.error();
    out.left.operations = static_cast<std::uint64_t>(r.integer(0));
    out.left.steps = static_cast<std::uint64_t>(r.integer(1));
    return out;
}

} // namespace offboard::journal::sqlite
