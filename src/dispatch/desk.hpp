#pragma once

#include "vendor_link.hpp"

#include "offboard/async/task_group.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/policy/backoff.hpp"

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
/// call goes as soon as the vendor's in-flight limit has room. After 429 the whole desk pauses as the vendor
/// asks.
class desk {
public:
    desk(dispatcher&, vendor, const config::vendor_settings&, const shape&);

    /// Puts a step in line. Sends nothing by itself: call pump() after the last one, so that they are packed.
    void push(ask);
    /// Sends what may be sent now.
    void pump();
    /// True while `steps` more fit under the bound; an empty desk takes an operation of any size.
    bool has_room(std::size_t steps, std::size_t most) const noexcept {
        return waiting_ == 0 || waiting_ + steps <= most;
    }
    boost::asio::awaitable<void> stop();

private:
    struct lane {
        lane_key key;
        offboard::dispatch::line line;
        std::size_t in_flight = 0;
    };

    bool may_send(const lane&) const noexcept;
    void send_what_may();
    boost::asio::awaitable<void> run(lane*, line::call);

    using settlements = std::vector<dispatcher::settlement>;
    void on_failure(packed&, errc, settlements&);
    void on_answer(lane&, packed&, const incoming_response&, settlements&);
    void isolate(lane&, line::call undecided);
    /// When a failed call's steps are due again: drawn once for all of them, so that they stay packed.
    steady_time retry_at(const packed&);
    void try_again(ask, const outcome& if_given_up, bool lost, steady_time again, settlements&);
    void put_back_later(ask, steady_time due);
    void pause(duration);
    void arm();
    void on_timer();

    dispatcher& owner_;
    const vendor vendor_;
    const config::vendor_settings& settings_;
    const shape& form_;
    const policy::backoff backoff_;
    vendor_link link_;
    std::list<lane> lanes_; ///< idle ones are removed; the order is the turn to send
    std::unordered_map<std::string, lane*> by_key_;
    std::multimap<steady_time, ask> delayed_;
    boost::asio::steady_timer timer_;
    steady_time paused_until_{};
    std::uint32_t throttled_ = 0; ///< "not now" answers in a row
    std::size_t in_flight_ = 0;   ///< calls
    std::size_t waiting_ = 0;     ///< steps in line or delayed
    steady_time armed_for_{};
    bool pumping_ = false;
    bool pump_again_ = false;
};

} // namespace offboard::dispatch
