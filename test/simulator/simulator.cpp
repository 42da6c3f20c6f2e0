#include "simulator.hpp"

#include "offboard/policy/backoff.hpp"
#include "offboard/policy/breaker.hpp"
#include "offboard/policy/lane_gate.hpp"
#include "offboard/policy/pacer.hpp"
#include "offboard/policy/packer.hpp"
#include "offboard/policy/retry_budget.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <random>

namespace policy = offboard::policy;
using offboard::steady_time;

namespace simulator {

namespace {

constexpr steady_time origin{24h};

struct dice final : offboard::random_source {
    explicit dice(std::uint64_t seed) : engine(seed) {}
    std::uint64_t next() override { return engine(); }
    /// From [0, 1). Made by hand: the library's distributions differ from one library to the next.
    double unit() { return static_cast<double>(engine() >> 11) * 0x1p-53; }
    duration up_to(duration most) {
        return duration(static_cast<duration::rep>(unit() * static_cast<double>(most.count())));
    }
    std::mt19937_64 engine;
};

enum class origin_of : std::uint8_t { stream, burst, watched };

struct customer {
    steady_time arrived;
    steady_time sent{};
    origin_of from = origin_of::stream;
    std::uint32_t turn = 0;
    std::uint32_t faults = 0;
};

using lane_queue = policy::packer<std::uint32_t>;

struct lane {
    lane_queue waiting;
    std::size_t in_flight = 0;
};

/// What the vendor says in its answer.
struct vendor_word {
    bool refused = false;
    std::uint64_t remaining = 0;
    std::chrono::seconds reset{};
};

struct in_flight_call {
    steady_time ends;
    std::size_t lane;
    std::size_t number; ///< in report::calls
    policy::breaker::ticket ticket;
    lane_queue::group places;
    vendor_word word;
};

struct retry {
    steady_time due;
    policy::retry_budget::ticket ticket;
    std::vector<std::uint32_t> customers;
};

class simulation {
public:
    explicit simulation(const scenario& s)
        : s_(s), arrivals_(s.seed), random_(s.seed + 1), lanes_(s.lanes), pacer_(s.calls, s.per),
          budget_(s.calls, s.per), breaker_(policy::breaker::rules{}) {}

    report run();

private:
    duration gap(); ///< to the next arrival
    void arrive(steady_time, origin_of, std::uint32_t turn);
    void push(std::uint32_t customer);
    void pump(steady_time now);
    void send(std::size_t lane, steady_time now);
    void end(in_flight_call, steady_time now);
    void put_back(const lane_queue::group&, steady_time now);
    void put_back_due(steady_time now);
    steady_time ready_at(steady_time now);
    bool down(steady_time t) const { return t >= origin + s_.down_from && t < origin + s_.down_until; }
    /// The vendor's fixed windows: counts a call at `t`.
    vendor_word count(steady_time t);
    void measure();

    const scenario& s_;
    dice arrivals_; ///< apart, so that every policy meets the same customers
    dice random_;
    std::vector<lane> lanes_;
    policy::pacer pacer_;
    policy::budget budget_; ///< all there is to the plain policy
    policy::breaker breaker_;
    policy::retry_budget retries_;
    policy::backoff backoff_{500ms, 30s};
    std::vector<customer> customers_;
    // Heaps, the next one first.
    std::vector<in_flight_call> flying_;
    std::vector<retry> delayed_;
    std::uint32_t turns_ = 0;
    std::uint64_t burst_left_ = 0;
    std::size_t turn_ = 0; ///< the lane that is asked first
    std::int64_t window_ = -1;
    std::uint64_t window_count_ = 0;
    report out_;
};

void simulation::arrive(steady_time now, origin_of from, std::uint32_t turn) {
    customers_.push_back({now, {}, from, turn, 0});
    push(static_cast<std::uint32_t>(customers_.size() - 1));
}

void simulation::push(std::uint32_t c) {
    std::string name = std::to_string(c);
    lanes_[c % s_.lanes].waiting.push(std::to_string(customers_[c].turn), name, name, c);
}

duration simulation::gap() {
    return duration(static_cast<duration::rep>(-std::log1p(-arrivals_.unit()) / s_.per_second * 1e9));
}

steady_time simulation::ready_at(steady_time now) {
    if (s_.policy == policy_kind::plain) return budget_.next_start(now);
    return std::max(pacer_.ready_at(now), breaker_.next_try(now));
}

void simulation::pump(steady_time now) {
    for (std::size_t asked = 0; asked < lanes_.size() && flying_.size() < s_.most_in_flight;) {
        const lane& l = lanes_[turn_];
        if (policy::may_send({l.waiting.places(), s_.cap, l.in_flight, l.waiting.has_isolated()})) {
            if (ready_at(now) > now) return;
            send(turn_, now);
            asked = 0;
        } else {
            ++asked;
        }
        turn_ = (turn_ + 1) % lanes_.size();
    }
}

vendor_word simulation::count(steady_time t) {
    const duration since = t.time_since_epoch();
    if (since / s_.per != window_) {
        window_ = since / s_.per;
        window_count_ = s_.used_by_others;
    }
    ++window_count_;
    const duration reset = s_.per - since % s_.per;
    return {window_count_ > s_.calls, s_.calls - std::min(s_.calls, window_count_),
            std::chrono::ceil<std::chrono::seconds>(reset)};
}

void simulation::send(std::size_t which, steady_time now) {
    lane& l = lanes_[which];
    in_flight_call c{now + s_.latency + random_.up_to(s_.latency_spread),
                     which,
                     out_.calls.size(),
                     0,
                     l.waiting.take(s_.cap),
                     {}};
    if (s_.tells) c.word = count(now);
    steady_time counted = now;
    if (s_.latency_spread > 0s) counted += random_.up_to(c.ends - now);
    budget_.started(now);
    pacer_.started(now);
    c.ticket = breaker_.started(now);
    ++l.in_flight;
    for (const lane_queue::place& p : c.places) {
        for (const std::uint32_t i : p.items) {
            if (customers_[i].sent != steady_time{}) continue;
            customers_[i].sent = now;
            if (customers_[i].from == origin_of::burst && --burst_left_ == 0)
                out_.burst_gone = now - customers_[i].arrived;
        }
    }
    out_.calls.push_back(
        {now - origin, counted - origin, c.ends - origin, c.places.size(), down(now), false});
    flying_.push_back(std::move(c));
    std::ranges::push_heap(flying_, std::ranges::greater{}, &in_flight_call::ends);
}

void simulation::end(in_flight_call c, steady_time now) {
    call& k = out_.calls[c.number];
    --lanes_[c.lane].in_flight;
    budget_.finished(now);
    pacer_.finished(now);
    if (k.failed) {
        breaker_.failed(c.ticket, now, random_);
        put_back(c.places, now);
        return;
    }
    breaker_.succeeded(c.ticket);
    retries_.succeeded(now);
    if (s_.tells) {
        pacer_.observe({s_.calls, c.word.remaining, c.word.reset}, now);
        k.refused = c.word.refused;
        if (k.refused) {
            pacer_.hold(now + c.word.reset, now);
            for (const lane_queue::place& p : c.places)
                for (const std::uint32_t i : p.items)
                    push(i);
            return;
        }
    }
    out_.settled += c.places.size();
    out_.finished = now - origin;
}

void simulation::put_back(const lane_queue::group& places, steady_time now) {
    retry r{{}, retries_.charge(now), {}};
    std::uint32_t faults = 0;
    for (const lane_queue::place& p : places) {
        for (const std::uint32_t i : p.items) {
            faults = std::max(faults, customers_[i].faults++);
            r.customers.push_back(i);
        }
    }
    r.due = now + backoff_.wait(faults, random_);
    delayed_.push_back(std::move(r));
    std::ranges::push_heap(delayed_, std::ranges::greater{}, &retry::due);
}

void simulation::put_back_due(steady_time now) {
    while (!delayed_.empty() && delayed_.front().due <= now) {
        std::ranges::pop_heap(delayed_, std::ranges::greater{}, &retry::due);
        const steady_time granted = retries_.ready_at(delayed_.back().ticket, now);
        if (granted > now) {
            delayed_.back().due = std::min<steady_time>(granted, now + 1s);
            std::ranges::push_heap(delayed_, std::ranges::greater{}, &retry::due);
            continue;
        }
        for (const std::uint32_t i : delayed_.back().customers)
            push(i);
        delayed_.pop_back();
    }
}

report simulation::run() {
    const steady_time last = origin + s_.length;
    steady_time arrival = s_.per_second > 0 ? origin + gap() : policy::never;
    steady_time burst = s_.burst.customers > 0 ? origin + s_.burst.at : policy::never;
    steady_time single = policy::never;
    steady_time now = origin;
    for (;;) {
        steady_time next = std::min({arrival, burst, single});
        if (!flying_.empty()) next = std::min(next, flying_.front().ends);
        if (!delayed_.empty()) next = std::min(next, delayed_.front().due);
        if (flying_.size() < s_.most_in_flight)
            for (const lane& l : lanes_)
                if (policy::may_send({l.waiting.places(), s_.cap, l.in_flight, l.waiting.has_isolated()}))
                    next = std::min(next, std::max(ready_at(now), now + duration(1)));
        if (next == policy::never) break;
        now = next;
        while (!flying_.empty() && flying_.front().ends <= now) {
            std::ranges::pop_heap(flying_, std::ranges::greater{}, &in_flight_call::ends);
            in_flight_call c = std::move(flying_.back());
            flying_.pop_back();
            end(std::move(c), now);
        }
        put_back_due(now);
        if (arrival <= now) {
            arrive(now, origin_of::stream, turns_++);
            arrival = now + gap();
            if (arrival >= last) arrival = policy::never;
        }
        if (burst <= now) {
            burst_left_ = s_.burst.customers;
            for (std::uint32_t i = 0; i < s_.burst.customers; ++i)
                arrive(now, origin_of::burst, turns_ + i % s_.burst.operations);
            turns_ += s_.burst.operations;
            burst = policy::never;
            if (s_.singles_every > 0s) single = now + s_.singles_every;
        }
        if (single <= now) {
            arrive(now, origin_of::watched, turns_++);
            single = burst_left_ > 0 ? now + s_.singles_every : policy::never;
        }
        pump(now);
    }
    measure();
    return std::move(out_);
}

void simulation::measure() {
    out_.customers = customers_.size();
    std::vector<duration> waits;
    for (const customer& c : customers_) {
        const duration wait = c.sent - c.arrived;
        if (c.from == origin_of::watched) out_.single_longest = std::max(out_.single_longest, wait);
        if (c.from != origin_of::burst) waits.push_back(wait);
    }
    if (waits.empty()) return;
    std::ranges::sort(waits);
    const auto at = [&](std::size_t hundredth) { return waits[(waits.size() - 1) * hundredth / 100]; };
    out_.p50 = at(50);
    out_.p99 = at(99);
    out_.longest = waits.back();
}

} // namespace

report run(const scenario& s) {
    return simulation(s).run();
}

std::size_t most_in_window(std::vector<duration> times, duration per) {
    std::ranges::sort(times);
    std::size_t most = 0;
    for (std::size_t first = 0, last = 0; last < times.size(); ++last) {
        while (times[last] - times[first] >= per)
            ++first;
        most = std::max(most, last - first + 1);
    }
    return most;
}

std::vector<duration> starts(const report& r) {
    std::vector<duration> out;
    for (const call& c : r.calls)
        out.push_back(c.started);
    return out;
}

std::vector<duration> counted(const report& r) {
    std::vector<duration> out;
    for (const call& c : r.calls)
        out.push_back(c.counted);
    return out;
}

std::vector<scenario> acceptance() {
    std::vector<scenario> rows;
    for (const auto& [name, rate] :
         {std::pair{"0.1", 0.1}, {"1", 1.0}, {"10", 10.0}, {"50", 50.0}, {"90", 90.0}}) {
        scenario s;
        s.name = name;
        s.per_second = rate;
        rows.push_back(s);
    }
    scenario burst;
    burst.name = "10 + 20,000 at once";
    burst.per_second = 10;
    burst.burst.at = 30min;
    burst.burst.customers = 20'000;
    burst.singles_every = 7300ms;
    rows.push_back(burst);
    return rows;
}

} // namespace simulator
