#include "offboard/base/ascii.hpp"
#include "offboard/journal/journal.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <unordered_map>

namespace asio = boost::asio;

namespace offboard::journal {

namespace {

class memory_journal final : public journal {
public:
    memory_journal(std::size_t most_operations, std::size_t most_steps)
        : most_operations_(most_operations), most_steps_(most_steps) {}

    asio::awaitable<result<void>> opened() override { co_return result<void>(); }

    asio::awaitable<result<begun>> begin(std::shared_ptr<operation> op,
                                         std::optional<idempotency> given) override {
        begun out;
        if (given) {
            const auto known = keys_.find({given->caller, given->key});
            if (known != keys_.end()) {
                if (known->second.fingerprint != given->fingerprint) co_return errc::key_reused;
                out.id = known->second.id;
                out.replayed = true;
                co_return out;
            }
        }
        const std::size_t steps = op->steps.size();
        while (!settled_.empty() && !fits(steps))
            forget_oldest();
        // An operation larger than the bound on steps is still taken when it is alone.
        if (!fits(steps) && !operations_.empty()) co_return errc::journal_full;
        steps_ += steps;
        out.id = op->id;
        entry& e = operations_[op->id];
        e.number = ++numbers_;
        if (given) {
            e.key = {given->caller, given->key};
            keys_[*e.key] = {std::move(given->fingerprint), op->id};
        }
        if (op->settled_at) settle(e, op->id);
        e.op = std::move(op);
        co_return out;
    }

    asio::awaitable<result<std::optional<std::string>>> recall(idempotency given) override {
        std::optional<std::string> id;
        const auto known = keys_.find({given.caller, given.key});
        if (known == keys_.end()) co_return id;
        if (known->second.fingerprint != given.fingerprint) co_return errc::key_reused;
        id = known->second.id;
        co_return id;
    }

    asio::awaitable<result<flight_number>> depart(departure) override {
        co_return result<flight_number>(++flights_);
    }

    /// The operation is shared with its driver, which applies the changes itself; only settling matters here.
    asio::awaitable<result<void>> record(std::vector<progress_record> records,
                                         std::optional<flight_number>) override {
        for (const progress_record& r : records) {
            const auto at = operations_.find(r.id);
            if (at == operations_.end()) continue;
            if (r.reopened_at) reopen(at->second);
            if (r.settled_at) settle(at->second, r.id);
        }
        co_return result<void>();
    }

    asio::awaitable<result<std::shared_ptr<operation>>> find(std::string_view id) override {
        const auto at = operations_.find(std::string(id));
        if (at == operations_.end()) co_return errc::not_found;
        co_return at->second.op;
    }

    /// Looks at everything: the bounds on operations and steps are the bounds on this.
    asio::awaitable<result<std::vector<std::string>>> lookup(identifier who, std::size_t most) override {
        std::vector<std::pair<std::uint64_t, std::string>> found;
        for (const auto& [id, e] : operations_)
            if (concerns(*e.op, who)) found.emplace_back(e.number, id);
        std::sort(found.begin(), found.end(), std::greater<>());
        found.resize(std::min(found.size(), most));
        std::vector<std::string> ids;
        for (auto& f : found)
            ids.push_back(std::move(f.second));
        co_return ids;
    }

    asio::awaitable<result<page>> unsettled(cursor after, std::size_t, std::size_t) override {
        page none;
        none.next = after;
        co_return none;
    }

    asio::awaitable<std::string> use_keys(std::vector<master_key>) override {
        co_return std::string(); // nothing here is encrypted
    }

    backlog left_behind() const override { return {}; }
    std::vector<past_call> departed_since(wall_time) const override { return {}; }
    bool durable() const noexcept override { return false; }
    std::string trouble() const override { return {}; }
    void close() override {}

private:
    using scoped_key = std::pair<std::string, std::string>; ///< caller, key
    struct entry {
        std::shared_ptr<operation> op;
        std::uint64_t number = 0; ///< grows with each
        std::optional<scoped_key> key;
        std::optional<std::list<std::string>::iterator> settled; ///< its place in settled_
    };
    struct kept_key {
        std::string fingerprint;
        std::string id;
    };

    bool fits(std::size_t steps) const {
        return operations_.size() < most_operations_ && steps_ + steps <= most_steps_;
    }

    static bool concerns(const operation& op, const identifier& who) {
        return std::any_of(op.what.customers.begin(), op.what.customers.end(), [&](const customer& c) {
            return std::any_of(c.identifiers.begin(), c.identifiers.end(), [&](const identifier& one) {
                if (one == who) return true;
                // An address is found in any case.
                return who.kind == identifier_kind::email && one.kind == who.kind &&
                       to_lower_ascii(one.value) == to_lower_ascii(who.value);
            });
        });
    }

    void settle(entry& e, const std::string& id) {
        if (!e.settled) e.settled = settled_.insert(settled_.end(), id);
    }

    void reopen(entry& e) {
        if (e.settled) settled_.erase(*e.settled);
        e.settled.reset();
    }

    void forget_oldest() {
        const auto at = operations_.find(settled_.front());
        settled_.pop_front();
        steps_ -= at->second.op->steps.size();
        if (at->second.key) keys_.erase(*at->second.key);
        operations_.erase(at);
    }

    const std::size_t most_operations_;
    const std::size_t most_steps_;
    std::size_t steps_ = 0;
    std::uint64_t numbers_ = 0;
    flight_number flights_ = 0;
    std::unordered_map<std::string, entry> operations_;
    std::map<scoped_key, kept_key> keys_;
    std::list<std::string> settled_; ///< oldest first, each once
};

} // namespace

std::unique_ptr<journal> make_memory_journal(std::size_t most_operations, std::size_t most_steps) {
    return std::make_unique<memory_journal>(most_operations, most_steps);
}

} // namespace offboard::journal
