#include "model_journal.hpp"

#include "offboard/async/sleep.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace offboard::simulation {

using namespace offboard::journal;
using namespace std::chrono_literals;

model_journal::model_journal(disk& d, const clock& c, chance& r, accuse a)
    : disk_(d), clock_(c), chance_(r), accuse_(std::move(a)) {
    fold_lost_tries();
    for (const auto& [id, op] : disk_.operations) {
        if (op.settled_at) continue;
        ++left_.operations;
        left_.steps += op.steps.size();
    }
}

void model_journal::fold_lost_tries() {
    for (auto& [number, f] : disk_.flights) {
        if (std::exchange(f.landed, true)) continue;
        for (const auto& [id, index] : f.call.steps) {
            step& s = disk_.operations.at(id).steps[index];
            if (is_settled(s.outcome.status)) continue;
            disk_.doubted.emplace(id, index);
            ++s.attempts;
            ++s.history.lost;
            s.history.acted_before = s.history.in_doubt = true;
            s.outcome.code = outcome_code::outcome_unknown;
        }
    }
}

asio::awaitable<bool> model_journal::breathe() {
    const duration takes = chance_.upto(3ms);
    co_await pass(takes);
    co_return !dead_;
}

asio::awaitable<bool> model_journal::commit(bool patient) {
    const std::uint64_t mine = ++asked_;
    co_await breathe();
    while (!dead_ && served_ + 1 != mine)
        co_await served_one_.wait_until(steady_time::max());
    while (!dead_ && patient && !trouble().empty())
        co_await async::sleep_until(disk_.broken_until);
    served_ = std::max(served_, mine);
    served_one_.notify_all();
    co_return !dead_;
}

asio::awaitable<result<void>> model_journal::opened() {
    co_return result<void>();
}

asio::awaitable<result<begun>> model_journal::begin(std::shared_ptr<operation> op,
                                                    std::optional<idempotency>) {
    const bool alive = co_await commit();
    if (!alive || !trouble().empty()) co_return errc::journal_unavailable;
    const cursor at{op->created_at.time_since_epoch().count(), ++disk_.last_number};
    disk_.order.emplace(at, op->id);
    disk_.operations.insert_or_assign(op->id, *op);
    if (!op->settled_at) ++disk_.open;
    begun out;
    out.id = op->id;
    const bool told = co_await breathe();
    if (!told) co_return errc::journal_unavailable;
    co_return out;
}

asio::awaitable<result<std::optional<std::string>>> model_journal::recall(idempotency) {
    co_return std::optional<std::string>();
}

/// In words of its own, and not by the program's table: a second opinion.
void model_journal::look_at_departure(const departure& call) {
    for (const auto& [id, index] : call.steps) {
        const operation& op = disk_.operations.at(id);
        const step& s = op.steps[index];
        const std::string which = id + " step " + std::to_string(index);
        if (is_settled(s.outcome.status)) accuse_(which + " leaves although it is settled");
        const auto [first, last] = op.steps_of(s.customer);
        for (std::size_t i = first; i < last; ++i) {
            const step& other = op.steps[i];
            const bool earn_first = s.action == action::revoke_enrol && other.action == action::revoke_earn &&
                                    other.target == s.target;
            const auto erases = [](action a) { return a == action::forget || a == action::purge; };
            const bool erases_last =
                erases(s.action) && !erases(other.action) && op.what.gate != erase_gate::none;
            if (!earn_first && !erases_last) continue;
            const step_status now = other.outcome.status;
            const bool done = now == step_status::accepted || now == step_status::succeeded ||
                              now == step_status::absent ||
                              (now == step_status::skipped && other.blocked_by.empty());
            const bool open =
                earn_first || op.what.gate == erase_gate::all_ok ? done : now != step_status::pending;
            if (!open) accuse_(which + " leaves before its gate is open in the journal");
        }
    }
}

asio::awaitable<result<flight_number>> model_journal::depart(departure call) {
    const bool alive = co_await commit();
    if (!alive || !trouble().empty()) co_return errc::journal_unavailable;
    look_at_departure(call);
    const flight_number number = ++disk_.last_flight;
    ++disk_.left[static_cast<std::size_t>(call.to)];
    disk_.flights.emplace(number, disk::flight{std::move(call), false});
    const bool told = co_await breathe();
    if (!told) co_return errc::journal_unavailable;
    co_return number;
}

void model_journal::look_at_change(const operation& op, const change& c) {
    const step& before = op.steps[c.step];
    if (is_settled(before.outcome.status) && (c.outcome.status != before.outcome.status))
        accuse_(op.id + " step " + std::to_string(c.step) + " changes although it is settled");
}

asio::awaitable<result<void>> model_journal::record(std::vector<progress_record> records,
                                                    std::optional<flight_number> landed) {
    const bool alive = co_await commit(true);
    if (!alive) co_return errc::journal_unavailable;
    for (const progress_record& r : records) {
        operation& op = disk_.operations.at(r.id);
        for (const change& c : r.changes) {
            if (!r.reopened_at) look_at_change(op, c);
            step& s = op.steps[c.step];
            s.outcome = c.outcome;
            s.blocked_by = c.blocked_by;
            s.attempts = c.attempts;
            s.history = c.history;
        }
        const bool was_open = !op.settled_at;
        if (r.reopened_at) op.settled_at.reset(), op.retried_at = r.reopened_at;
        if (!was_open && !op.settled_at) ++disk_.open;
        if (!r.settled_at) continue;
        if (!op.settled_at) --disk_.open;
        op.settled_at = r.settled_at;
        if (!is_settled(op)) accuse_(r.id + " is settled with a step that is not");
    }
    if (landed) disk_.flights.at(*landed).landed = true;
    const bool told = co_await breathe();
    if (!told) co_return errc::journal_unavailable;
    co_return result<void>();
}

asio::awaitable<result<std::shared_ptr<operation>>> model_journal::find(std::string_view wanted) {
    const std::string id(wanted);
    const bool alive = co_await commit();
    const auto at = disk_.operations.find(id);
    if (!alive) co_return errc::journal_unavailable;
    if (at == disk_.operations.end()) co_return errc::not_found;
    co_return std::make_shared<operation>(at->second);
}

asio::awaitable<result<std::vector<std::string>>> model_journal::lookup(identifier, std::size_t) {
    co_return std::vector<std::string>();
}

asio::awaitable<result<page>> model_journal::unsettled(cursor after, std::size_t most_operations,
                                                       std::size_t most_steps) {
    const bool alive = co_await commit();
    if (!alive || !trouble().empty()) co_return errc::journal_unavailable;
    page out;
    out.next = after;
    std::size_t steps = 0;
    for (auto at = disk_.order.upper_bound(after); at != disk_.order.end(); ++at) {
        const operation& op = disk_.operations.at(at->second);
        if (op.settled_at) continue;
        if (out.operations.size() == most_operations || (steps > 0 && steps + op.steps.size() > most_steps)) {
            out.last = false;
            break;
        }
        steps += op.steps.size();
        out.next = at->first;
        out.operations.push_back(std::make_shared<operation>(op));
        for (step& s : out.operations.back()->steps)
            s.stage = stage::held, s.generation = 0, s.decided.reset();
    }
    co_return out;
}

asio::awaitable<std::string> model_journal::use_keys(std::vector<master_key>) {
    co_return std::string();
}

std::vector<past_call> model_journal::departed_since(wall_time since) const {
    std::vector<past_call> out;
    for (const auto& [number, f] : disk_.flights)
        if (f.call.at >= since) out.push_back({f.call.to, f.call.at});
    return out;
}

std::string model_journal::trouble() const {
    return clock_.now() < disk_.broken_until ? "disk full" : "";
}

} // namespace offboard::simulation
