#pragma once

#include "offboard/domain/action_rules.hpp"
#include "offboard/engine/vendor_queue.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// One vendor's queue with a clock in the test's hand, and steps to put into it.
namespace engine_fixture {

using namespace offboard;
using namespace offboard::engine;
using namespace std::chrono_literals;

/// Always draws the same.
struct constant final : random_source {
    std::uint64_t next() override {
        return 12'799'999'999;
    } // the longest wait from a base of 100 ms, up to 7 tries
};

/// When operations are made, if a test does not say otherwise.
inline constexpr wall_time begin_of_time{std::chrono::hours(500'000)};

inline std::shared_ptr<operation> operation_of(const std::string& id, action what, std::size_t customers,
                                               wall_time created = begin_of_time) {
    auto op = std::make_shared<operation>();
    op->id = id;
    op->created_at = created;
    op->what.plan.revoke.push_back({1, "2", "", promotion_kind::enrol_and_issue});
    op->what.plan.partner_programs = {"first", "second"};
    for (std::size_t i = 0; i < customers; ++i) {
        customer c;
        const std::string digits = id + std::to_string(i);
        c.identifiers = {{identifier_kind::email, "c" + digits + "@example.com"},
                         {identifier_kind::mobile, "91" + digits},
                         {identifier_kind::capillary_id, digits},
                         {identifier_kind::billing_customer_id, digits}};
        step s;
        s.action = what;
        s.customer = static_cast<std::uint32_t>(i);
        s.who = *identifier_for(c, what);
        op->what.customers.push_back(std::move(c));
        op->steps.push_back(std::move(s));
    }
    return op;
}

inline queued_step queued(const std::shared_ptr<operation>& op, std::uint32_t i) {
    queued_step q;
    q.op = op;
    q.step = i;
    return q;
}

inline vendors::verdict verdict_of(vendors::next what, step_status status, outcome_code code) {
    vendors::verdict v;
    v.what = what;
    v.result.status = status;
    v.result.code = code;
    return v;
}
inline vendors::verdict done() {
    return verdict_of(vendors::next::settle, step_status::succeeded, outcome_code::revoked);
}
inline vendors::verdict faulty() {
    return verdict_of(vendors::next::retry, step_status::failed, outcome_code::vendor_error);
}
inline vendors::verdict undecided() {
    return verdict_of(vendors::next::isolate, step_status::failed, outcome_code::rejected);
}
inline vendors::verdict unauthorised() {
    vendors::verdict v = verdict_of(vendors::next::settle, step_status::failed, outcome_code::vendor_auth);
    v.credentials_refused = true;
    return v;
}

inline incoming_response with_status(unsigned status, std::vector<header_field> headers = {}) {
    incoming_response out;
    out.status = status;
    out.headers = std::move(headers);
    return out;
}

struct fixture {
    explicit fixture(std::uint64_t calls = 1'000'000, duration per = 1s, std::size_t most_in_flight = 4)
        : queue(limits_of(calls, per, most_in_flight), form) {}

    static shape form_of() {
        shape out;
        out.max_batch = 100;
        out.source = "INSTORE";
        return out;
    }
    static vendor_queue::limits limits_of(std::uint64_t calls, duration per, std::size_t most_in_flight) {
        vendor_queue::limits out;
        out.health.calls = calls;
        out.health.per = per;
        out.health.breaker = {2, 10s};
        out.health.backoff = {100ms, 10s};
        out.health.longest_pause = 1h;
        out.give_up.after = 24h;
        out.most_in_flight = most_in_flight;
        out.timeout = 5s;
        return out;
    }

    moment at() { return {now, today, random}; }
    void pass(duration d) {
        now += d;
        today += std::chrono::duration_cast<std::chrono::milliseconds>(d);
    }
    void push(const std::shared_ptr<operation>& op) {
        for (std::uint32_t i = 0; i < op->steps.size(); ++i)
            queue.push(queued(op, i), at());
    }
    /// The next call, which the journal has written down at once.
    std::optional<started_call> start() {
        std::optional<started_call> call = queue.next(at(), known);
        effects none;
        if (call && !queue.departed(*call, true, at(), none)) call.reset();
        return call;
    }
    /// Each place of the call has this verdict.
    effects answer(started_call& call, const vendors::verdict& v, unsigned status = 200) {
        return answer(call, std::vector(call.content.places.size(), v), with_status(status));
    }
    effects answer(started_call& call, std::vector<vendors::verdict> verdicts,
                   const incoming_response& answer, bool renewable = false) {
        effects out;
        queue.ends().answered(call, answer, std::move(verdicts), renewable, at(), known, out);
        return out;
    }
    effects lose(started_call& call, errc why) {
        effects out;
        ended_for_good = queue.ends().unanswered(call, why, at(), known, out);
        return out;
    }
    /// The moment at which the queue wants to be asked again.
    void pass_to_wake() {
        if (queue.wake_at() == steady_time::max()) throw std::logic_error("the queue would sleep for ever");
        pass(queue.wake_at() - now);
    }

    constant random;
    steady_time now{100h};
    wall_time today = begin_of_time;
    conditions known;
    bool ended_for_good = false;
    const shape form = form_of();
    vendor_queue queue;
};

inline std::size_t places_of(const std::optional<started_call>& call) {
    return call ? call->content.places.size() : 0;
}

template <class Event>
std::size_t count(const effects& e) {
    std::size_t n = 0;
    for (const event& one : e.events)
        if (std::holds_alternative<Event>(one)) ++n;
    return n;
}

} // namespace engine_fixture
