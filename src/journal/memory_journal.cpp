#include "offboard/journal/journal.hpp"

#include <deque>
#include <unordered_map>

namespace asio = boost::asio;

namespace offboard::journal {

namespace {

class memory_journal final : public journal {
public:
    memory_journal(std::size_t most_operations, std::size_t most_steps)
        : most_operations_(most_operations), most_steps_(most_steps) {}

    asio::awaitable<result<void>> begin(std::shared_ptr<const operation> op) override {
        const std::size_t steps = op->steps.size();
        while (!settled_.empty() && !fits(steps))
            forget_oldest();
        // An operation larger than the bound on steps is still taken when it is alone.
        if (!fits(steps) && !operations_.empty()) co_return errc::journal_full;
        steps_ += steps;
        if (op->settled_at) settled_.push_back(op->id);
        operations_.emplace(op->id, std::move(op));
        co_return result<void>();
    }

    /// The operation is shared with its driver, which applies the changes itself; only settling matters here.
    asio::awaitable<result<void>> record(std::vector<progress_record> records) override {
        for (progress_record& r : records)
            if (r.settled_at && operations_.contains(r.id)) settled_.push_back(std::move(r.id));
        co_return result<void>();
    }

    asio::awaitable<result<std::shared_ptr<const operation>>> find(std::string_view id) override {
        const auto at = operations_.find(std::string(id));
        if (at == operations_.end()) co_return errc::not_found;
        co_return at->second;
    }

private:
    bool fits(std::size_t steps) const {
        return operations_.size() < most_operations_ && steps_ + steps <= most_steps_;
    }

    void forget_oldest() {
        const auto at = operations_.find(settled_.front());
        settled_.pop_front();
        steps_ -= at->second->steps.size();
        operations_.erase(at);
    }

    const std::size_t most_operations_;
    const std::size_t most_steps_;
    std::size_t steps_ = 0;
    std::unordered_map<std::string, std::shared_ptr<const operation>> operations_;
    std::deque<std::string> settled_; ///< oldest first, each once
};

} // namespace

std::unique_ptr<journal> make_memory_journal(std::size_t most_operations, std::size_t most_steps) {
    return std::make_unique<memory_journal>(most_operations, most_steps);
}

} // namespace offboard::journal
