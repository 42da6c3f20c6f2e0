#include "offboard/engine/lanes.hpp"

#include "offboard/domain/action_rules.hpp"

#include <algorithm>
#include <utility>

namespace offboard::engine {

namespace {

std::size_t steps_in(const lane_queue::group& group) {
    std::size_t n = 0;
    for (const lane_queue::place& p : group)
        n += p.items.size();
    return n;
}

void set_queued(lane_queue::group& group, steady_time due) {
    for (lane_queue::place& p : group) {
        for (queued_step& q : p.items) {
            q.what().stage = stage::queued;
            q.what().due = due;
        }
    }
}

template <class Void>
void drop(lane_queue::group& group, Void is_void) {
    for (lane_queue::place& p : group)
        std::erase_if(p.items, is_void);
    std::erase_if(group, [](const lane_queue::place& p) { return p.items.empty(); });
}

} // namespace

std::uint64_t probe_risk(const lane_queue::place& p) {
    std::uint64_t risk = 0;
    for (const queued_step& q : p.items) {
        const step& s = q.what();
        const bool last = s.history.lost > 0 && rule_of(s.action).resend == resend::once;
        risk = std::max<std::uint64_t>(risk, q.failures + (last ? last_chance_risk : 0));
    }
    return risk;
}

lane& lanes::lane_for(lane_key key) {
    lane*& at = by_key_[key.text];
    if (!at) {
        at = &all_.emplace_back();
        at->key = std::move(key);
    }
    return *at;
}

void lanes::push(queued_step q, const moment& m) {
    if (q.since == steady_time{}) {
        // From where give_up_after counts too: an earlier process may have let the step wait already.
        const auto waited = m.today - q.op->retried_at.value_or(q.op->created_at);
        q.since = m.now - std::max<duration>(waited, duration::zero());
    }
    q.what().stage = stage::queued;
    q.what().due = {};
    lane& l = lane_for(lane_of(*q.op, q.what()));
    place_keys keys = place_keys_of(*q.op, q.what(), shape_.source);
    const std::string& turn = q.op->id;
    l.waiting.push(turn, std::move(keys.dedup_key), std::move(keys.identity), std::move(q));
    ++waiting_;
}

void lanes::put_back(steps_put_back group, steady_time due) {
    if (group.places.empty()) return;
    waiting_ += steps_in(group.places);
    set_queued(group.places, due);
    delayed_.emplace(due, std::move(group));
}

void lanes::put_back_now(steps_put_back group, const moment& m) {
    drop(group.places, [](const queued_step& q) {
        const step& s = q.what();
        return q.generation != s.generation || (s.stage != stage::queued && s.stage != stage::in_flight);
    });
    if (group.places.empty()) return;
    if (!group.isolated) {
        for (lane_queue::place& p : group.places)
            for (queued_step& q : p.items)
                push(std::move(q), m);
        return;
    }
    const queued_step& first = group.places.front().items.front();
    lane& l = lane_for(lane_of(*first.op, first.what()));
    set_queued(group.places, {});
    waiting_ += steps_in(group.places);
    lane_queue::group places = as_queued(l.key, std::move(group.places));
    if (group.failed)
        l.waiting.push_failed(std::move(places));
    else
        l.waiting.push_isolated(std::move(places));
}

void lanes::release_due(const moment& m) {
    while (!delayed_.empty() && delayed_.begin()->first <= m.now) {
        steps_put_back group = std::move(delayed_.begin()->second);
        delayed_.erase(delayed_.begin());
        waiting_ -= steps_in(group.places);
        put_back_now(std::move(group), m);
    }
}

lane_queue::group lanes::take(lane& l, portion part) {
    lane_queue::group taken;
    switch (part) {
    case portion::nothing:
    case portion::ping: break;
    case portion::ordinary: taken = l.waiting.take_ordinary(cap_of(l)); break;
    case portion::isolated: taken = l.waiting.take_isolated(); break;
    case portion::probe: taken = l.waiting.take_one(probe_risk); break;
    }
    waiting_ -= steps_in(taken);
    drop(taken, [](const queued_step& q) { return !q.valid(); });
    return taken;
}

void lanes::call_begins(lane& l, bool isolated) {
    l.isolated_last = isolated;
    ++(isolated ? l.isolated_in_flight : l.in_flight);
    ++calls_;
    if (isolated) ++isolated_calls_;
}

void lanes::call_ends(lane& l, bool isolated) {
    --(isolated ? l.isolated_in_flight : l.in_flight);
    --calls_;
    if (isolated) --isolated_calls_;
}

steady_time lanes::oldest(steady_time now) const {
    steady_time oldest = now;
    for (const lane& l : all_)
        l.waiting.for_each_front([&](const queued_step& q) { oldest = std::min(oldest, q.since); });
    for (const auto& [due, group] : delayed_)
        for (const lane_queue::place& p : group.places)
            oldest = std::min(oldest, p.items.front().since);
    return oldest;
}

} // namespace offboard::engine
