#pragma once

#include "vendor_link.hpp"

#include "offboard/async/task_group.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/policy/backoff.hpp"
#include "offboard/policy/breaker.hpp"
#include "offboard/policy/line_rate.hpp"
#include "offboard/policy/pacer.hpp"
#include "offboard/policy/retry_budget.hpp"

#include <boost/asio/steady_timer.hpp>

#include <list>
#include <map>
#include <string>
#include <unordered_map>

namespace offboard::dispatch {

/// One vendor's lanes, the calls in flight to it, and the steps that wait for another try. Owned by the
/// dispatcher; network thread only.
///
/// A lane with nothing in flight sends at once. While one of its calls is in flight, steps gather; a full
/// call goes as soon as the vendor's in-flight limit has room. Before any of them goes, the pacer must have a
/// start for it (one budget for all lanes, retries included), the breaker of its kind of call must be closed,
/// and the journal must know that it leaves.
class desk {
public:
    desk(dispatcher&, vendor, const config::vendor_settings&, const shape&);

    /// Puts a step in line. Sends nothing by itself: call pump() after the last one, so that they are packed.
    void push(ask);
    /// Sends what may be sent now, and sees to it that the rest is looked at in time.
    void pump();
    /// About when a customer with `own` steps in line here is settled; everything in line for the default.
    std::chrono::seconds eta(std::size_t own = std::size_t(-1));
    /// See vendor_link::use().
    void use(const config::vendor_settings& now) { link_.use(now); }
    /// Sends nothing more: calls in flight may end, what waits stays pending.
    void halt();
    boost::asio::awaitable<void> stop();

    /// Calls of an earlier process with these credentials, before the first one of this process.
    void restore(const std::vector<journal::past_call>&);
    std::size_t calls_in_flight() const noexcept { return in_flight_; }
    void show(telemetry::metrics&);
    void add_breakers(std::vector<breaker_report>&) const;

private:
    struct lane {
        lane_key key;
        offboard::dispatch::line line;
        std::size_t in_flight = 0;
        std::uint32_t refused_alone = 0; ///< single customers refused in a row
        /// One customer of the group that is sent next is being asked alone, or was refused so.
        bool peeled = false;
    };
    /// Steps of one call that wait for their moment, and whether they stay a call of their own.
    struct later {
        line::call places;
        bool apart = false;
    };
    struct flight;
    using settlements = std::vector<dispatcher::settlement>;

    /// How often a journal that cannot be written is looked at again.
    static constexpr auto journal_pause = std::chrono::milliseconds(500);

    lane& lane_for(lane_key);
    bool may_send(const lane&) const noexcept;
    void send_what_may();
    void send_from(lane&, steady_time now);
    // desk_call.cpp: one call.
    /// Ready to be written; what does not fit goes back in line.
    packed pack_up(const lane&, line::call, bool apart);
    boost::asio::awaitable<void> run(lane*, line::call, bool apart, policy::breaker::ticket);
    /// The call itself and what follows from it. False: it was cut by the end of the process, and what became
    /// of it is for the next one to find out.
    boost::asio::awaitable<bool> carry(lane&, packed&, flight&, settlements&);
    // desk_trace.cpp: what a call tells of itself.
    /// A log line: vendor, step, customers, and whose call it is when it serves one operation alone.
    void tell(telemetry::level, std::string_view message, const packed&,
              std::initializer_list<telemetry::field> more = {});
    /// The line of a call that failed, or is answered as it should not be (`code`: what is made of that);
    /// at a bounded rate.
    void tell_failed(const packed&, std::string_view reason, std::string_view code = {});
    void tell_refused(const packed&);
    void tell_breaker(action, policy::breaker::state, std::string_view reason);
    /// The call's span, where anybody will see it: below the request that it serves alone, else in a trace of
    /// its own that points at all of them.
    std::optional<telemetry::span> begin_span(const packed&, const outgoing_request&, steady_time begun);
    void end_span(std::optional<telemetry::span>, unsigned starts, const result<incoming_response>&);

    policy::breaker& breaker_of(action a) { return breakers_[static_cast<std::size_t>(a)]; }

    // desk_answers.cpp: what becomes of a call's steps.
    /// The request was sent a second time under this call: the first may have had its effect.
    static void note_repeat(packed&);
    bool on_failure(packed&, errc, std::string_view reason, settlements&);
    void on_answer(lane&, packed&, const incoming_response&, bool renewable, settlements&);
    /// 401, and another try would have another token or other credentials: everybody once more, then refused.
    /// True when it was that.
    bool reauthorise(packed&, bool refused, settlements&);
    void learn(lane&, const std::vector<vendors::verdict>&, bool hopeless);
    void isolate(lane&, const packed& from, line::call undecided);
    void heed(const incoming_response&);
    /// Our own fault in the middle of a call: whoever has no outcome yet gets one that says so.
    void on_bug(packed&, bool sent, settlements&);
    /// When a failed call's steps are due again: one moment for all of them, so that they stay packed.
    steady_time retry_at(const packed&);
    /// True when the step is to be tried again (its progress is among the settlements then), false when that
    /// is over and it is settled as `if_given_up`.
    bool try_again(ask&, const outcome& if_given_up, bool lost, settlements&);
    static void settle(ask, outcome, settlements&);
    static void note(const ask&, settlements&);
    /// Takes out, as cancelled, what was cancelled while it was in flight and has turned out not to be done.
    static void withdraw(later&, settlements&);
    void put_back(later, steady_time due);
    void put_back_now(later);

    void look_at(steady_time);
    void on_timer();

    dispatcher& owner_;
    const vendor vendor_;
    const config::vendor_settings& settings_;
    const shape& form_;
    const policy::backoff backoff_;
    policy::pacer pacer_;
    policy::retry_budget retries_;
    std::vector<policy::breaker> breakers_;        ///< by action
    std::vector<policy::line_rate> failed_lines_;  ///< by action
    std::vector<policy::line_rate> refused_lines_; ///< by action
    vendor_link link_;
    std::list<lane> lanes_; ///< idle ones are removed; the order is the turn to send
    std::unordered_map<std::string, lane*> by_key_;
    std::multimap<steady_time, later> delayed_;
    boost::asio::steady_timer timer_;
    steady_time look_at_ = steady_time::max();          ///< what the timer is set for
    duration latency_ = std::chrono::milliseconds(200); ///< moving average of a call
    std::size_t in_flight_ = 0;                         ///< calls
    std::size_t waiting_ = 0;                           ///< steps in line or delayed
    std::uint32_t throttled_ = 0;                       ///< answers 429 in a row
    bool pumping_ = false;
    bool pump_again_ = false;
    bool halted_ = false;
};

} // namespace offboard::dispatch
