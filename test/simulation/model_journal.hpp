#pragma once

#include "seeded.hpp"

#include "offboard/async/signal_event.hpp"
#include "offboard/journal/journal.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::simulation {

/// What a crash leaves: everything that was committed, and nothing else.
struct disk {
    struct flight {
        journal::departure call;
        bool landed = false;
    };
    std::map<journal::cursor, std::string> order; ///< ids, as they were begun
    std::map<std::string, operation> operations;
    std::map<journal::flight_number, flight> flights;
    journal::flight_number last_flight = 0;
    std::int64_t last_number = 0;
    steady_time broken_until{}; ///< writes fail before
    std::set<std::pair<std::string, std::uint32_t>>
        doubted; ///< steps that were in a call when a process died

    std::size_t open = 0;                         ///< operations that have not settled
    std::array<std::size_t, vendor_count> left{}; ///< flights, by vendor
};

/// Says what is wrong with the program under test. The simulation goes on to its end.
using accuse = std::function<void(const std::string&)>;

/// A journal as journal.hpp promises one, over a disk of the simulation. Commits take their time; what
/// happens in between is lost with a crash. Looks at everything that is committed: what is settled never
/// changes, nothing leaves for a settled step, and what erases leaves only when its gate is open.
class model_journal final : public journal::journal {
public:
    model_journal(disk&, const clock&, chance&, accuse);

    /// From now on nothing is committed and no call comes back but with an error: the process has died.
    void die() {
        dead_ = true;
        served_one_.notify_all();
    }

    boost::asio::awaitable<result<void>> opened() override;
    boost::asio::awaitable<result<offboard::journal::begun>>
        begin(std::shared_ptr<operation>, std::optional<offboard::journal::idempotency>) override;
    boost::asio::awaitable<result<std::optional<std::string>>>
        recall(offboard::journal::idempotency) override;
    boost::asio::awaitable<result<offboard::journal::flight_number>>
        depart(offboard::journal::departure) override;
    boost::asio::awaitable<result<void>>
    record(std::vector<offboard::journal::progress_record>,
           std::optional<offboard::journal::flight_number> landed) override;
    boost::asio::awaitable<result<std::shared_ptr<operation>>> find(std::string_view id) override;
    boost::asio::awaitable<result<std::vector<std::string>>> lookup(identifier, std::size_t) override;
    boost::asio::awaitable<result<offboard::journal::page>>
    unsettled(offboard::journal::cursor after, std::size_t most_operations, std::size_t most_steps) override;
    boost::asio::awaitable<std::string> use_keys(std::vector<offboard::journal::master_key>) override;
    offboard::journal::backlog left_behind() const override { return left_; }
    std::vector<offboard::journal::past_call> departed_since(wall_time since) const override;
    bool durable() const noexcept override { return true; }
    std::string trouble() const override;
    void close() override {}

private:
    /// A write's time, one after the other in the order of the calls; `patient`: also until the disk is well.
    /// False: the process died meanwhile.
    boost::asio::awaitable<bool> commit(bool patient = false);
    boost::asio::awaitable<bool> breathe();
    void fold_lost_tries();
    void look_at_departure(const offboard::journal::departure&);
    void look_at_change(const operation&, const offboard::journal::change&);

    disk& disk_;
    const clock& clock_;
    chance& chance_;
    const accuse accuse_;
    offboard::journal::backlog left_;
    async::signal_event served_one_;
    std::uint64_t asked_ = 0;
    std::uint64_t served_ = 0;
    bool dead_ = false;
};

} // namespace offboard::simulation
