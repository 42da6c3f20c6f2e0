#include "rotation.hpp"

#include "offboard/async/sleep.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace asio = boost::asio;

namespace offboard::app {

namespace {

/// A vendor that refuses us does so with every call: the files are read again at most that often for it.
constexpr auto between_urgent_checks = std::chrono::seconds(2);

/// One load; for a thread that may block.
class one_load {
public:
    one_load(std::shared_ptr<const configuration> source, std::shared_ptr<config::file_being_read> reads)
        : source_(std::move(source)), reads_(std::move(reads)) {}
    config::loaded operator()() const {
        return config::load(source_->text, source_->environment, reads_.get());
    }

private:
    std::shared_ptr<const configuration> source_;
    std::shared_ptr<config::file_being_read> reads_;
};

bool is_of_journal(const std::string& key) {
    return key.starts_with("journal.");
}

} // namespace

rotation::rotation(asio::io_context& io, configuration source, const config::settings& in_use,
                   journal::journal& j, const clock& c, telemetry::log& log, telemetry::metrics& m,
                   take_over t)
    : source_(std::make_shared<const configuration>(std::move(source))), in_use_(in_use), journal_(j),
      clock_(c), log_(log), metrics_(m), take_over_(std::move(t)), tasks_(io.get_executor(), log) {
    metrics_.count_rotated(0);
    metrics_.set_secrets_refused(false);
}

void rotation::start() {
    tasks_.spawn("follow the files of secrets", follow());
    tasks_.spawn("name slow files", name_slow_files());
}

asio::awaitable<void> rotation::stop() {
    stopped_ = true;
    ended_one_.notify_all();
    tasks_.cancel();
    co_await tasks_.join();
}

void rotation::check_now() {
    asked_ = true;
    wanted_number_ = begun_ + 1;
    wanted_.notify_all();
}

asio::awaitable<void> rotation::checked(steady_time deadline) {
    const steady_time now = clock_.now();
    if (now >= next_urgent_) {
        next_urgent_ = now + between_urgent_checks;
        wanted_number_ = begun_ + 1;
        wanted_.notify_all();
    }
    const std::uint64_t enough = wanted_number_;
    while (ended_ < enough && !stopped_) {
        const bool told = co_await ended_one_.wait_until(deadline);
        if (!told) co_return;
    }
}

asio::awaitable<void> rotation::follow() {
    co_await asio::this_coro::throw_if_cancelled(false);
    for (;;) {
        const steady_time due = clock_.now() + in_use_.secrets.check_every;
        if (wanted_number_ <= begun_) co_await wanted_.wait_until(due);
        const asio::cancellation_state now = co_await asio::this_coro::cancellation_state;
        if (now.cancelled() != asio::cancellation_type::none) co_return;
        const bool asked = std::exchange(asked_, false);
        ++begun_;
        try {
            co_await check(asked);
        } catch (const std::exception& e) {
            log_.error("the files of secrets could not be checked", {{"reason", e.what()}});
        }
        ++ended_;
        ended_one_.notify_all();
    }
}

asio::awaitable<void> rotation::name_slow_files() {
    std::uint64_t last = 0;
    std::uint64_t named = 0;
    for (;;) {
        const bool due = co_await async::sleep_for(slow_read);
        if (!due) co_return;
        const config::file_being_read::read now = reads_->now();
        if (!now.path.empty() && now.number == last && now.number != named) {
            named = now.number;
            metrics_.set_secrets_refused(true);
            log_.warn("a file of secrets is still being read, the secrets before it stay in use",
                      {{"file", now.path}});
        }
        last = now.number;
    }
}

asio::awaitable<void> rotation::check(bool asked) {
    one_load load(source_, reads_);
    std::optional<config::loaded> found = co_await pool_.run(std::move(load));
    if (!found) co_return; // cancelled
    std::vector<std::string> changed;
    if (found->settings) changed = config::changed_files(in_use_, *found->settings);
    const auto of_journal = std::ranges::find_if(changed, is_of_journal);
    if (of_journal != changed.end()) {
        std::vector<journal::master_key> keys;
        for (const config::master_key& k : found->settings->journal.keys)
            keys.push_back({k.id, k.key});
        const std::string why = co_await journal_.use_keys(std::move(keys));
        if (!why.empty()) found->faults.push_back({0, *of_journal, why});
    }
    if (found->faults.empty()) {
        if (!changed.empty()) take_over_(*found->settings);
        in_use_ = std::move(*found->settings);
        for (const std::string& key : changed)
            log_.info("secret rotated", {{"key", key}});
        metrics_.count_rotated(changed.size());
    }
    refuse(found->faults);
    if (asked)
        log_.info("secrets checked", {{"rotated", found->faults.empty() ? changed.size() : 0},
                                      {"refused", found->faults.size()}});
}

void rotation::refuse(const std::vector<config::fault>& faults) {
    std::vector<std::string> now;
    for (const config::fault& f : faults)
        now.push_back(config::to_string(f));
    metrics_.set_secrets_refused(!now.empty());
    if (now == refused_) return;
    for (const config::fault& f : faults)
        log_.warn("new secrets refused, those before stay in use",
                  {{"line", f.line}, {"key", f.key}, {"detail", f.detail}});
    if (now.empty()) log_.info("secrets can be used again");
    refused_ = std::move(now);
}

} // namespace offboard::app
