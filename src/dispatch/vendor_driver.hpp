#pragma once

#include "observer.hpp"
#include "vendor_link.hpp"
#include "vendor_services.hpp"

#include "offboard/async/timer.hpp"
#include "offboard/engine/vendor_queue.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace offboard::dispatch {

/// Sends the calls of one vendor: asks the vendor's queue which call may start, has the journal write the
/// call down, sends it, and hands the answer back to the queue. The queue decides; this waits. Owned by the
/// dispatcher; network thread only.
class vendor_driver {
public:
    /// The shape outlives this, like the services.
    vendor_driver(const vendor_services&, vendor, const engine::shape&);

    /// Adds a step. Sends nothing by itself: call pump() after the last one, so that steps are packed.
    void push(engine::queued_step q) { queue_.push(std::move(q), now()); }
    /// Sends what may be sent now, and looks again when the queue says so.
    void pump();
    /// About when a customer with `own` steps here is settled; everything that waits for the default.
    std::chrono::seconds eta(std::size_t own = std::size_t(-1));
    engine::action_wait wait_of(action a) { return queue_.wait_of(a, with_.time.now(), known()); }
    engine::vendor_view view_of(action a) const { return queue_.view_of(a, with_.time.now()); }

    /// See vendor_link::use().
    void use(const config::vendor_settings& now) { link_.use(now); }
    /// Calls of an earlier process, before the first pump().
    void restore(const std::vector<journal::past_call>&);
    /// From now on a call starts only if it can end before `end`, with its timeout.
    void end_by(steady_time end) noexcept { queue_.end_by(end); }
    /// Sends nothing more: calls in flight may end, what waits stays pending.
    void halt();
    /// Waits for the connections to end, once no call is in flight.
    boost::asio::awaitable<void> stop() { return link_.stop(); }

    vendor to() const noexcept { return vendor_; }
    std::size_t calls_in_flight() const noexcept { return queue_.calls_in_flight(); }
    void show() { observer_.show(queue_); }
    void add_breakers(std::vector<breaker_report>&) const;

private:
    /// One call, from the journal's note to what the call leaves behind.
    boost::asio::awaitable<void> run(engine::started_call);
    /// The journal writes the call down; `number` is the note's. False: the call does not leave, and has
    /// ended.
    boost::asio::awaitable<bool> depart(engine::started_call&, std::optional<journal::flight_number>& number,
                                        engine::effects&);
    /// The call itself. False: the end of the process cut the call, and its departure stays open.
    boost::asio::awaitable<bool> carry(engine::started_call&, engine::effects&, bool& sent);
    journal::departure departure_of(const engine::started_call&) const;
    bool take_answer(engine::started_call&, const result<incoming_response>&, std::uint64_t credentials_used,
                     const std::string& reason, engine::effects&);

    engine::moment now() const { return {with_.time.now(), with_.time.today(), with_.random}; }
    engine::conditions known() const { return {link_.version(), with_.journal.trouble().empty()}; }

    const vendor_services with_;
    const vendor vendor_;
    const config::vendor_settings& settings_;
    const engine::shape& form_;
    engine::vendor_queue queue_;
    vendor_link link_;
    observer observer_;
    async::timer timer_;
    steady_time timer_at_ = steady_time::max();
};

} // namespace offboard::dispatch
