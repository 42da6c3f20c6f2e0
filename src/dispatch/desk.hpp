#pragma once

#include "vendor_link.hpp"

#include "offboard/async/task_group.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/policy/backoff.hpp"
#include "offboard/policy/breaker.hpp"
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
/// start for it (one budget for all lanes, retries included) and the breaker of its kind of call must be
/// closed.
class desk {
public:
    desk(dispatcher&, vendor, const config::vendor_settings&, const shape&);

    /// Puts a step in line. Sends nothing by itself: call pump() after the last one, so that they are packed.
    void push(ask);
    /// Sends what may be sent now, and sees to it that the rest is looked at in time.
    void pump();
    /// True while `steps` more fit under the bound; an empty desk takes an operation of any size.
    bool has_room(std::size_t steps, std::size_t most) const noexcept {
        return waiting_ == 0 || waiting_ + steps <= most;
    }
    /// About when a customer with `own` steps in line here is settled; everything in line for the default.
    std::chrono::seconds eta(std::size_t own = std::size_t(-1));
    /// Sends nothing more: calls in flight may end, what waits stays pending.
    void halt();
    boost::asio::awaitable<void> stop();

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
    struct flight;
    using settlements = std::vector<dispatcher::settlement>;

    bool may_send(const lane&) const noexcept;
    void send_what_may();
    void send_from(lane&, steady_time now);
    boost::asio::awaitable<void> run(lane*, line::call, policy::breaker::ticket);
    policy::breaker& breaker_of(action a) { return breakers_[static_cast<std::size_t>(a)]; }

    // desk_answers.cpp: what becomes of a call's steps.
    /// The request was sent a second time under this call: the first may have had its effect.
    static void note_repeat(packed&);
    void on_failure(packed&, errc, settlements&);
    void on_answer(lane&, packed&, const incoming_response&, settlements&);
    /// 401 with a token: everybody once more with a new one, then refused. True when it was that.
    bool reauthorise(packed&, const incoming_response&, settlements&);
    void learn(lane&, const std::vector<vendors::verdict>&, bool hopeless);
    void isolate(lane&, line::call undecided);
    void heed(const incoming_response&);
    /// When a failed call's steps are due again: one moment for all of them, so that they stay packed.
    steady_time retry_at(const packed&);
    void try_again(ask, const outcome& if_given_up, bool lost, steady_time again, settlements&);
    void settle(ask, outcome, settlements&) const;
    void put_back_later(ask, steady_time due);

    void look_at(steady_time);
    void on_timer();

    dispatcher& owner_;
    const vendor vendor_;
    const config::vendor_settings& settings_;
    const shape& form_;
    const policy::backoff backoff_;
    policy::pacer pacer_;
    policy::retry_budget retries_;
    std::vector<policy::breaker> breakers_; ///< by action
    vendor_link link_;
    std::list<lane> lanes_; ///< idle ones are removed; the order is the turn to send
    std::unordered_map<std::string, lane*> by_key_;
    std::multimap<steady_time, ask> delayed_;
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
