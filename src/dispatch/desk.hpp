#pragma once

#include "desk_services.hpp"
#include "vendor_link.hpp"

#include "offboard/async/task_group.hpp"
#include "offboard/async/timer.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/policy/backoff.hpp"
#include "offboard/policy/breaker.hpp"
#include "offboard/policy/credential_hold.hpp"
#include "offboard/policy/failure_evidence.hpp"
#include "offboard/policy/line_rate.hpp"
#include "offboard/policy/pacer.hpp"
#include "offboard/policy/retry_budget.hpp"
#include "offboard/vendors/ping.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace offboard::dispatch {

/// One vendor's lanes, the calls in flight to it, and the steps that wait for another try. Owned by the
/// dispatcher; network thread only.
///
/// A lane with nothing in flight sends at once. While one of its calls is in flight, steps gather; a full
/// call goes as soon as the vendor's in-flight limit has room. Before any of them goes, the pacer must have a
/// start for it (one budget for all lanes, retries included), the breaker of its kind of call must be closed,
/// the vendor must not have refused our credentials for it, and the journal must know that it leaves.
///
/// A call that fails as a whole is sent again with the same customers alone, and in two halves when it fails
/// again: one customer at whom the vendor fails costs the others a few calls. While the breaker is open or
/// the credentials are refused, a call is a probe and has one customer in it, one that has not failed yet if
/// there is one.
class desk {
public:
    desk(desk_services, vendor, const config::vendor_settings&, const shape&);

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
    /// From now on a call starts only if it can end before `end`, with its timeout.
    void end_by(steady_time end) noexcept { end_by_ = end; }
    /// True when the vendor takes calls of this kind, as far as is known: its breaker is closed and our
    /// credentials are not refused.
    bool credentials_refused(action a) const { return kind_of(a).hold.held(); }
    bool well(action a) const { return kind_of(a).well(with_.time.now()); }
    boost::asio::awaitable<void> stop();

    /// Calls of an earlier process with these credentials, before the first one of this process.
    void restore(const std::vector<journal::past_call>&);
    std::size_t calls_in_flight() const noexcept { return in_flight_; }
    void show(telemetry::metrics&);
    void add_breakers(std::vector<breaker_report>&) const;

private:
    struct lane {
        lane_key key;
        engine::line line;
        std::size_t in_flight = 0;          ///< ordinary calls
        std::size_t isolated_in_flight = 0; ///< calls of isolated groups
        bool isolated_last = false;         ///< the call before was one of an isolated group
        std::uint32_t refused_alone = 0;    ///< single customers refused in a row
        /// One customer of the group that is sent next is being asked alone, or was refused so.
        bool peeled = false;
    };
    /// Steps of one call that wait for their moment, and whether they stay a call of their own.
    struct later {
        line::call places;
        bool apart = false;
        bool failed =
            false; ///< apart because its call failed, not because its answer could not be told apart
    };
    /// What is known of the vendor for one kind of call.
    struct kind_state {
        explicit kind_state(policy::breaker::rules r) : breaker(r) {}
        bool well(steady_time now) const {
            return breaker.at(now) == policy::breaker::state::closed && !hold.held();
        }
        policy::breaker breaker;
        policy::failure_evidence evidence;
        policy::credential_hold hold;
        policy::line_rate failed_lines;
        policy::line_rate refused_lines;
        bool pinged = false; ///< a call without effect went well since the breaker opened
    };
    /// What part of a lane a call takes.
    enum class portion : std::uint8_t {
        nothing,
        ordinary, ///< up to a full call
        isolated, ///< the next isolated group
        probe,    ///< one customer
        ping,     ///< none: a call without effect
    };
    struct flight;

    /// How often a journal that cannot be written is looked at again.
    static constexpr auto journal_pause = std::chrono::milliseconds(500);
    /// A departure that takes the journal longer does not leave: it would start later than was written down.
    static constexpr auto longest_departure = std::chrono::seconds(2);
    /// Steps whose next lost answer is their last are probes this often at most.
    static constexpr auto last_chance_every = std::chrono::minutes(1);

    lane& lane_for(lane_key);
    portion may_send(lane&, steady_time now);
    portion may_probe(const lane&, steady_time now);
    bool others_wait(const lane&, const std::string& customer) const;
    /// How little a place is fit to be a probe: 0 for one that has never failed.
    std::uint64_t risk_of(const line::place&) const;
    void send_what_may();
    void send_from(lane&, portion, steady_time now);
    line::call take(lane&, portion, steady_time now);
    std::size_t most_isolated() const noexcept {
        return std::max<std::size_t>(settings_.max_in_flight / 2, 1);
    }
    // desk_call.cpp: one call.
    /// Ready to be written; what does not fit goes back in line.
    packed pack_up(const lane&, line::call, bool apart);
    boost::asio::awaitable<void> run(lane*, line::call, bool apart, policy::breaker::ticket);
    /// A call without effect: whether the vendor works at all.
    boost::asio::awaitable<void> ping(lane*, policy::breaker::ticket);
    journal::departure departure_now(const packed*) const;
    /// The call itself and what follows from it. False: it was cut by the end of the process, and what became
    /// of it is for the next one to find out.
    boost::asio::awaitable<bool> carry(lane&, packed&, flight&, settlements&);
    // desk_trace.cpp: what a call tells of itself.
    /// A log line: vendor, step, customers, and whose call it is when it serves one operation alone.
    void tell(telemetry::level, std::string_view message, const packed&,
              std::initializer_list<telemetry::field> more = {});
    /// The line of a call that failed, or is answered as it should not be: `code` is what is made of the
    /// answer, and the line tells the answer's shape. At a bounded rate.
    void tell_failed(const packed&, std::string_view reason, std::string_view code = {},
                     const incoming_response* answer = nullptr);
    void tell_refused(const packed&);
    void tell_breaker(action, policy::breaker::state, std::string_view reason);
    /// The call's span, where anybody will see it: below the request that it serves alone, else in a trace of
    /// its own that points at all of them.
    std::optional<telemetry::span> begin_span(const packed&, const outgoing_request&, steady_time begun);
    void end_span(std::optional<telemetry::span>, const result<incoming_response>&);

    kind_state& kind_of(action a) { return kinds_[static_cast<std::size_t>(a)]; }
    const kind_state& kind_of(action a) const { return kinds_[static_cast<std::size_t>(a)]; }
    policy::breaker& breaker_of(action a) { return kind_of(a).breaker; }

    // desk_answers.cpp: what becomes of a call's steps.
    bool on_failure(packed&, errc, std::string_view reason, settlements&);
    /// A kept connection was lost before an answer came. True when the call goes in line again, at once.
    bool resend(packed&, settlements&);
    void put_back_failed(action, line::call, bool apart, steady_time due);
    /// The vendor refuses our credentials: the customers wait until it takes them, as credential_hold has it.
    void hold_back(const packed&, line::call, settlements&);
    /// Another identifier of a customer that has not been asked about. True when the step waits for that.
    bool ask_by_another(ask&, const vendors::verdict&, settlements&);
    void on_answer(lane&, packed&, const incoming_response&, bool renewable, settlements&);
    /// A log line when the answer tells of the vendor's state or of our settings.
    void tell_trouble(const packed&, const std::vector<vendors::verdict>&, const incoming_response&);
    // desk_vendor_state.cpp: what an answer tells of the vendor.
    void judge_credentials(const packed&, const incoming_response&, bool refused);
    /// 401, and another try would have another token or other credentials: all steps once more, then refused.
    /// True when it was that.
    bool reauthorise(packed&, bool refused, settlements&);
    void learn(lane&, const std::vector<vendors::verdict>&, bool hopeless);
    void isolate(lane&, const packed& from, line::call undecided);
    /// Takes over what the vendor says of its rate limit. Returns how long it asks to be left alone.
    std::optional<duration> heed(const incoming_response&, bool well);
    /// Our own fault in the middle of a call: steps without an outcome get one that says so.
    void on_bug(packed&, bool sent, settlements&);
    /// When a failed call's steps are due again: one moment for all of them, so that they stay packed.
    steady_time retry_at(const packed&, std::optional<duration> asked = {});
    /// True when the step is to be tried again (its progress is among the settlements then), false when that
    /// is over and it is settled as `if_given_up`.
    bool try_again(ask&, const outcome& if_given_up, bool lost, settlements&);
    static void settle(ask, outcome, settlements&);
    static void note(const ask&, settlements&);
    /// Takes out what was cancelled while it was in flight: as cancelled where it has turned out not to be
    /// done; as unknown where it may have been done, and one more try has not told.
    enum class moment : std::uint8_t { leaving, ended }; ///< of a call
    static void withdraw(later&, moment, settlements&);
    void put_back(later, steady_time due);
    void put_back_now(later);

    void look_at(steady_time);
    void on_timer();

    const desk_services with_;
    const vendor vendor_;
    const config::vendor_settings& settings_;
    const shape& form_;
    const policy::backoff backoff_;
    policy::pacer pacer_;
    policy::retry_budget retries_;
    std::vector<kind_state> kinds_; ///< by action
    vendor_link link_;
    std::list<lane> lanes_; ///< idle ones are removed; the order is the turn to send
    std::unordered_map<std::string, lane*> by_key_;
    std::multimap<steady_time, later> delayed_;
    async::timer timer_;
    steady_time look_at_ = steady_time::max();          ///< what the timer is set for
    duration latency_ = std::chrono::milliseconds(200); ///< moving average of a call
    std::size_t in_flight_ = 0;                         ///< calls
    std::size_t isolated_ = 0;                          ///< of those, of isolated groups
    steady_time end_by_ = steady_time::max();           ///< no call may last longer
    steady_time last_chance_{};                         ///< no such probe before, see last_chance_every
    steady_time overruled_{};                           ///< told until then that the vendor counts otherwise
    std::size_t waiting_ = 0;                           ///< steps in line or delayed
    std::uint32_t throttled_ = 0;                       ///< answers 429 in a row
    bool pumping_ = false;
    bool pump_again_ = false;
    bool halted_ = false;
};

} // namespace offboard::dispatch
