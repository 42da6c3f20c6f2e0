#include "pacing.hpp"

#include "offboard/domain/action_rules.hpp"
#include "offboard/engine/vendor_queue.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <unordered_map>

namespace engine = offboard::engine;
namespace vendors = offboard::vendors;
using offboard::action;
using offboard::errc;
using offboard::incoming_response;
using offboard::steady_time;

namespace pacing {

namespace {

constexpr steady_time origin{24h};
constexpr steady_time never = steady_time::max();

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
};

struct in_flight_call {
    steady_time ends;
    std::size_t number = 0; ///< in report::calls
    engine::started_call call;
    incoming_response answer; ///< of a vendor that is not down
};

engine::vendor_queue::limits limits_of(const scenario& s) {
    engine::vendor_queue::limits out;
    out.health.calls = s.calls;
    out.health.per = s.per;
    out.health.backoff = {500ms, 30s};
    out.health.longest_pause = 24h;
    out.give_up.after = 24h;
    out.most_in_flight = s.most_in_flight;
    out.timeout = 30s;
    return out;
}

class traffic {
public:
    explicit traffic(const scenario& s)
        : s_(s), arrivals_(s.seed), random_(s.seed + 1), shape_(shape_of(s)), queue_(limits_of(s), shape_) {}

    report run();

private:
    static engine::shape shape_of(const scenario& s) {
        engine::shape out;
        out.max_batch = s.cap;
        out.source = "INSTORE";
        return out;
    }
    engine::moment at(steady_time now) {
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
        return {now, offboard::wall_time(since), random_};
    }
    duration gap(); ///< to the next arrival
    /// `count` customers of one operation.
    void arrive(steady_time now, origin_of, std::uint32_t count);
    void pump(steady_time now);
    void send(engine::started_call, steady_time now);
    void end(in_flight_call, steady_time now);
    bool down(steady_time t) const { return t >= origin + s_.down_from && t < origin + s_.down_until; }
    /// The vendor's answer to a call that it counts at `t`, in its fixed windows.
    incoming_response answer_at(steady_time t);
    void measure();

    const scenario& s_;
    dice arrivals_; ///< apart, so that the policy's own draws change no arrival
    dice random_;
    const engine::shape shape_;
    engine::vendor_queue queue_;
    std::vector<customer> customers_;
    std::unordered_map<const offboard::operation*, std::size_t> first_of_; ///< customer of an operation
    std::vector<in_flight_call> flying_;                                   ///< heap, the next end first
    std::uint64_t operations_ = 0;
    std::uint64_t burst_left_ = 0;
    std::int64_t window_ = -1;
    std::uint64_t window_count_ = 0;
    report out_;
};

void traffic::arrive(steady_time now, origin_of from, std::uint32_t count) {
    auto op = std::make_shared<offboard::operation>();
    op->id = std::to_string(++operations_);
    op->created_at = at(now).today;
    for (std::uint32_t lane = 0; lane < s_.lanes; ++lane)
        op->what.plan.revoke.push_back(
            {1, std::to_string(lane), "", offboard::promotion_kind::enrol_and_issue});
    first_of_[op.get()] = customers_.size();
    for (std::uint32_t i = 0; i < count; ++i) {
        offboard::customer& person = op->what.customers.emplace_back();
        offboard::step& s = op->steps.emplace_back();
        s.action = s_.lanes == 1 ? action::lapse : action::revoke_enrol;
        s.customer = i;
        s.target = static_cast<std::uint32_t>(customers_.size() % s_.lanes);
        s.who = {s_.lanes == 1 ? offboard::identifier_kind::email : offboard::identifier_kind::mobile,
                 std::to_string(customers_.size())};
        person.identifiers.push_back(*s.who);
        customers_.push_back({now, {}, from});
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        engine::queued_step q;
        q.op = op;
        q.step = i;
        queue_.push(std::move(q), at(now));
    }
}

duration traffic::gap() {
    return duration(static_cast<duration::rep>(-std::log1p(-arrivals_.unit()) / s_.per_second * 1e9));
}

void traffic::pump(steady_time now) {
    while (auto call = queue_.next(at(now), {})) {
        engine::effects none;
        if (queue_.departed(*call, true, at(now), none)) send(std::move(*call), now);
    }
}

incoming_response traffic::answer_at(steady_time t) {
    incoming_response out;
    out.status = 202;
    if (!s_.tells) return out;
    const duration since = t.time_since_epoch();
    if (since / s_.per != window_) {
        window_ = since / s_.per;
        window_count_ = s_.used_by_others;
    }
    ++window_count_;
    const auto reset = std::chrono::ceil<std::chrono::seconds>(s_.per - since % s_.per).count();
    const bool refused = window_count_ > s_.calls;
    out.headers = {{"x-ratelimit-limit", std::to_string(s_.calls)},
                   {"x-ratelimit-remaining", std::to_string(s_.calls - std::min(s_.calls, window_count_))},
                   {"x-ratelimit-reset", std::to_string(reset)}};
    if (!refused) return out;
    out.status = 429;
    out.headers.push_back({"retry-after", std::to_string(reset)});
    return out;
}

void traffic::send(engine::started_call call, steady_time now) {
    in_flight_call c;
    c.ends = now + s_.latency + random_.up_to(s_.latency_spread);
    c.number = out_.calls.size();
    c.answer = answer_at(now);
    steady_time counted = now;
    if (s_.latency_spread > 0s) counted += random_.up_to(c.ends - now);
    for (const engine::lane_queue::place& p : call.content.places) {
        for (const engine::queued_step& q : p.items) {
            customer& one = customers_[first_of_.at(q.op.get()) + q.step];
            if (one.sent != steady_time{}) continue;
            one.sent = now;
            if (one.from == origin_of::burst && --burst_left_ == 0) out_.burst_gone = now - one.arrived;
        }
    }
    out_.calls.push_back({now - origin, counted - origin, c.ends - origin, call.content.places.size(),
                          down(now), c.answer.status == 429});
    c.call = std::move(call);
    flying_.push_back(std::move(c));
    std::ranges::push_heap(flying_, std::ranges::greater{}, &in_flight_call::ends);
}

void traffic::end(in_flight_call c, steady_time now) {
    engine::effects after;
    if (out_.calls[c.number].failed) {
        queue_.ends().unanswered(c.call, errc::connect_failed, at(now), {}, after);
    } else {
        vendors::verdict done;
        done.result.status = offboard::step_status::accepted;
        done.result.code = offboard::outcome_code::queued;
        if (c.answer.status == 429) {
            done.what = vendors::next::later;
            done.result = {};
        }
        std::vector<vendors::verdict> verdicts(c.call.content.places.size(), done);
        queue_.ends().answered(c.call, c.answer, std::move(verdicts), false, at(now), {}, after);
    }
    for (const engine::settlement& n : after.news) {
        if (!n.settles()) continue;
        ++out_.settled;
        out_.finished = now - origin;
    }
}

report traffic::run() {
    const steady_time last = origin + s_.length;
    steady_time arrival = s_.per_second > 0 ? origin + gap() : never;
    steady_time burst = s_.burst.customers > 0 ? origin + s_.burst.at : never;
    steady_time single = never;
    steady_time now = origin;
    for (;;) {
        steady_time next = std::min({arrival, burst, single, queue_.wake_at()});
        if (!flying_.empty()) next = std::min(next, flying_.front().ends);
        if (next == never) break;
        now = std::max(next, now);
        while (!flying_.empty() && flying_.front().ends <= now) {
            std::ranges::pop_heap(flying_, std::ranges::greater{}, &in_flight_call::ends);
            in_flight_call c = std::move(flying_.back());
            flying_.pop_back();
            end(std::move(c), now);
        }
        if (arrival <= now) {
            arrive(now, origin_of::stream, 1);
            arrival = now + gap();
            if (arrival >= last) arrival = never;
        }
        if (burst <= now) {
            burst_left_ = s_.burst.customers;
            for (std::uint32_t i = 0; i < s_.burst.operations; ++i)
                arrive(now, origin_of::burst,
                       s_.burst.customers / s_.burst.operations +
                           (i < s_.burst.customers % s_.burst.operations ? 1 : 0));
            burst = never;
            if (s_.singles_every > 0s) single = now + s_.singles_every;
        }
        if (single <= now) {
            arrive(now, origin_of::watched, 1);
            single = burst_left_ > 0 ? now + s_.singles_every : never;
        }
        pump(now);
    }
    measure();
    return std::move(out_);
}

void traffic::measure() {
    out_.customers = customers_.size();
    std::vector<duration> waits;
    for (const customer& c : customers_) {
        const duration wait = c.sent - c.arrived;
        if (c.from == origin_of::watched) out_.single_longest = std::max(out_.single_longest, wait);
        if (c.from != origin_of::burst) waits.push_back(wait);
    }
    if (waits.empty()) return;
    std::ranges::sort(waits);
    const auto hundredth = [&](std::size_t n) { return waits[(waits.size() - 1) * n / 100]; };
    out_.p50 = hundredth(50);
    out_.p99 = hundredth(99);
    out_.longest = waits.back();
}

} // namespace

report run(const scenario& s) {
    return traffic(s).run();
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

} // namespace pacing
