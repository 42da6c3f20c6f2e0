#include "simulation.hpp"

#include "model_journal.hpp"
#include "model_vendors.hpp"
#include "seeded.hpp"

#include "offboard/async/sleep.hpp"
#include "offboard/async/task_group.hpp"
#include "offboard/base/ulid.hpp"
#include "offboard/dispatch/dispatcher.hpp"
#include "offboard/domain/action_rules.hpp"
#include "offboard/domain/vendor_rules.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

namespace asio = boost::asio;

namespace offboard::simulation {

using namespace std::chrono_literals;

namespace {

/// With vendors and disk well, everything has settled by then: ten calls a second are allowed, twice the time
/// that one call for each step takes.
constexpr duration longest_quiet(std::size_t steps) {
    return std::chrono::minutes(10) + steps * 200ms;
}
constexpr auto longest_life = std::chrono::hours(30); ///< beyond give_up_after nothing may be open

config::settings settings_of(model_vendors& vendors) {
    config::settings out;
    for (const vendor v : all_vendors) {
        config::vendor_settings s;
        s.base_url.host = "127.0.0.1";
        s.base_url.tls = false;
        s.base_url.text = "http://127.0.0.1";
        s.budget.calls = 20;
        s.budget.per = 2s;
        s.max_batch = rule_of(v).pace.max_batch;
        s.max_in_flight = 4;
        s.timeout = 2s;
        s.retry.base = 100ms;
        s.retry.cap = 3s;
        s.breaker.open = 1s;
        s.source = "INSTORE";
        s.customer_id_type = "customerId";
        switch (v) {
        case vendor::mention_me: s.credentials = client_credentials{"id", secret("right")}; break;
        case vendor::capillary: s.credentials = capillary_oauth{"key", secret("right")}; break;
        case vendor::billing: s.credentials = api_key{"user", secret("right")}; break;
        }
        vendors.set(v, {s.budget.calls, s.budget.per});
        out.vendors[static_cast<std::size_t>(v)] = std::move(s);
    }
    return out;
}

/// One life of the gateway's process.
struct process {
    process(const config::settings& s, disk& d, const clock& c, chance& r, model_vendors& vendors, accuse a)
        : journal(d, c, r, std::move(a)),
          dispatcher(io, s, journal, c, r, log, metrics, tracer, clients{&vendors}),
          callers(io.get_executor(), log) {
        dispatcher.start();
    }

    struct clients {
        model_vendors* all;
        std::unique_ptr<http::exchanger> operator()(vendor v, const config::vendor_settings&) const {
            return all->client_of(v);
        }
    };

    asio::io_context io{1};
    telemetry::log log{telemetry::level::error};
    telemetry::metrics metrics{"simulated"};
    chance tracing{1};
    telemetry::tracer tracer{tracing, metrics, std::nullopt};
    model_journal journal;
    dispatch::dispatcher dispatcher;
    async::task_group callers;
};

asio::awaitable<void> post(process* p, offboarding what, std::string id) {
    co_await asio::this_coro::throw_if_cancelled(false);
    telemetry::origin nobody;
    auto taken = co_await p->dispatcher.begin(std::move(what), std::move(id), "caller", std::nullopt, nobody);
    static_cast<void>(taken); // a caller who is refused goes away
}

asio::awaitable<void> cancel(process* p, std::string id) {
    co_await asio::this_coro::throw_if_cancelled(false);
    telemetry::origin nobody;
    auto done = co_await p->dispatcher.cancel(std::move(id), nobody);
    static_cast<void>(done);
}

asio::awaitable<void> bury(process* p, bool* buried) {
    p->callers.cancel();
    co_await p->dispatcher.stop();
    co_await p->callers.join();
    *buried = true;
}

class life {
public:
    life(std::uint64_t seed, const scale& size)
        : size_(size), chance_(seed), clock_(time_),
          vendors_(clock_, chance_, disk_, [this](const std::string& why) { accuse(why); }),
          settings_(settings_of(vendors_)) {
        told_.story = "seed " + std::to_string(seed);
    }

    verdict live() {
        start();
        std::vector<steady_time> crashes;
        for (std::size_t i = 0; i < size_.crashes; ++i)
            crashes.push_back(time_.now() + 1s + chance_.upto(40s));
        std::ranges::sort(crashes);
        steady_time next_post = time_.now();
        steady_time next_weather = time_.now();
        std::size_t posted = 0;
        const steady_time end = time_.now() + longest_life;
        while (time_.now() < end && told_.faults.size() < 5) {
            const bool quiet = posted == size_.operations && crashes.empty();
            if (quiet && disk_.open == 0 && process_->dispatcher.unsettled() == 0) break;
            if (!quiet) {
                quiet_since_ = time_.now();
            } else if (time_.now() - quiet_since_ > longest_quiet(told_.steps) && !slow_) {
                slow_ = true;
                accuse(std::to_string(disk_.open) + " operations wait although nothing is wrong");
            }
            if (time_.now() >= next_weather) {
                change_weather(quiet);
                next_weather = quiet ? steady_time::max() : time_.now() + 500ms + chance_.upto(5s);
            }
            if (!crashes.empty() && time_.now() >= crashes.front()) {
                crashes.erase(crashes.begin());
                crash();
                continue;
            }
            if (posted < size_.operations && time_.now() >= next_post) {
                ++posted;
                process_->callers.spawn("post", post(process_.get(), someone(), new_id()));
                next_post = time_.now() + chance_.upto(1s);
            }
            if (size_.cancels && !ids_.empty() && chance_.below(400) == 0) {
                const std::string& id = ids_[chance_.below(ids_.size())];
                cancelled_.insert(id);
                process_->callers.spawn("cancel", cancel(process_.get(), id));
            }
            if (turn(chance_.below(50) + 1)) continue;
            steady_time next = std::min(time_.next(), next_weather);
            if (posted < size_.operations) next = std::min(next, next_post);
            if (!crashes.empty()) next = std::min(next, crashes.front());
            if (next == steady_time::max()) break;
            time_.advance_to(std::max(next, time_.now() + 1us));
        }
        look_at_the_end();
        die();
        told_.calls = vendors_.calls();
        return std::move(told_);
    }

private:
    void accuse(const std::string& why) {
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time_.now() - began_);
        if (told_.faults.empty())
            told_.story += ", after " + std::to_string(told_.handlers) + " handlers and " +
                           std::to_string(since.count()) + " ms: " + why + history_;
        told_.faults.push_back(why);
    }

    void note(const std::string& what) {
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time_.now() - began_);
        history_ += "\n  " + std::to_string(since.count()) + " ms: " + what;
        constexpr std::size_t most = 1500; // the shortest story that ends in the fault
        if (history_.size() > most) history_.erase(0, history_.find('\n', history_.size() - most));
    }

    void start() {
        process_ = std::make_unique<process>(settings_, disk_, clock_, chance_, vendors_,
                                             [this](const std::string& why) { accuse(why); });
    }

    /// Up to `most` handlers. False when there is nothing to do at this moment.
    bool turn(std::size_t most) {
        process_->io.restart();
        std::size_t ran = 0;
        while (ran < most && process_->io.poll_one() != 0)
            ++ran;
        told_.handlers += ran;
        return ran > 0;
    }

    /// What the process held in memory is gone; what was on its way has left or not, as it was.
    void die() {
        process_->journal.die();
        vendors_.cut();
        bool buried = false;
        asio::co_spawn(process_->io, bury(process_.get(), &buried), [](std::exception_ptr) {});
        while (!buried) {
            while (turn(1000))
                continue;
            if (buried) break;
            const steady_time next = time_.next();
            if (next == steady_time::max()) break;
            time_.advance_to(next);
        }
        if (!buried) accuse("the process does not end");
        process_.reset();
    }

    void crash() {
        note("crash");
        die();
        time_.advance_to(time_.now() + 10ms + chance_.upto(4s));
        start();
    }

    void change_weather(bool quiet) {
        weather w;
        const std::uint64_t kind = quiet ? 0 : chance_.below(4);
        if (kind == 1) w.fault = size_.fault;
        if (kind == 2) w = {10, 3 * size_.fault};
        if (kind == 3) w.unreachable = 100;
        vendors_.be(w);
        const bool broken = !quiet && size_.disk_faults && chance_.happens(15);
        if (broken) disk_.broken_until = time_.now() + chance_.upto(3s);
        note("weather: unreachable " + std::to_string(w.unreachable) + " %, faults " +
             std::to_string(w.fault) + " %" + (broken ? ", disk full" : ""));
    }

    std::string new_id() {
        ids_.push_back(make_ulid(clock_.today(), chance_));
        return ids_.back();
    }

    customer person() {
        const std::string digits = std::to_string(100'000 + 7 * ++persons_);
        const bool gone = chance_.happens(8);
        customer c;
        c.identifiers.push_back({identifier_kind::email, (gone ? "absent" : "c") + digits + "@example.com"});
        if (chance_.happens(80))
            c.identifiers.push_back({identifier_kind::mobile, "9198" + digits + (gone ? "99404" : "1")});
        if (chance_.happens(80))
            // An id that the loyalty platform has forgotten says nothing of a customer whom it knows by
            // another.
            c.identifiers.push_back(
                {identifier_kind::capillary_id, digits + (gone || chance_.happens(15) ? "99404" : "1")});
        if (chance_.happens(90))
            c.identifiers.push_back({identifier_kind::billing_customer_id, digits + (gone ? "99404" : "1")});
        return c;
    }

    offboarding someone() {
        offboarding out;
        out.plan.set(action::lapse, chance_.happens(60));
        out.plan.set(action::purge, chance_.happens(30));
        if (chance_.happens(50))
            out.plan.revoke.push_back(
                {2714, "20277" + std::to_string(chance_.below(3)), "",
                 chance_.happens(50) ? promotion_kind::enrol_and_issue : promotion_kind::direct_issue});
        if (chance_.happens(40)) out.plan.partner_programs.push_back("1stProgram");
        if (chance_.happens(20)) out.plan.partner_programs.push_back("p3e1");
        out.plan.set(action::forget, chance_.happens(60) || out.plan.empty());
        const std::uint64_t gate = chance_.below(3);
        out.gate = gate == 0 ? erase_gate::all_ok : gate == 1 ? erase_gate::settled : erase_gate::none;
        const std::size_t n = 1 + chance_.below(size_.most_customers);
        for (std::size_t i = 0; i < n; ++i)
            out.customers.push_back(person());
        told_.steps += steps_of(out);
        return out;
    }

    void look_at_the_end() {
        if (const std::size_t open = disk_.open; open > 0)
            accuse(std::to_string(open) + " operations never settle");
        for (const auto& [id, op] : disk_.operations)
            for (std::size_t i = 0; i < op.steps.size(); ++i)
                look_at_outcome(op, op.steps[i],
                                id + " step " + std::to_string(i) + " (" +
                                    std::string(to_string(op.steps[i].action)) + ")");
    }

    /// What the gateway tells against what the vendors know.
    void look_at_outcome(const operation& op, const step& s, const std::string& which) {
        if (!s.who) return;
        const std::string& who = s.who->value;
        const sandbox::world& truth = vendors_.truth();
        const step_status status = s.outcome.status;
        // By whichever identifier the vendor was asked in the end.
        const customer& person = op.what.customers[s.customer];
        const bool happened =
            std::ranges::any_of(person.identifiers, [&](const identifier& i) { return was_done(op, s, i); });
        if ((status == step_status::accepted || status == step_status::succeeded) && !happened)
            accuse(which + " is told done, and was not");
        if ((status == step_status::cancelled || status == step_status::skipped) && happened)
            accuse(which + " is told " + std::string(to_string(status)) + ", and was done");
        const bool erasing = rule_of(s.action).effect == effect::erasing;
        if (erasing && status == step_status::failed && happened)
            accuse(which + " is told failed, and was done");
        // A purge whose answer was lost or could not be read may be found done by its repeat. Without a gate
        // a purge may come before its lapse.
        const bool purged =
            truth.purged.contains("email:" + who) && (s.action == action::lapse || s.history.acted_before);
        if (status == step_status::absent && !is_absent(person, s.action) && !purged)
            accuse(which + " is told absent, and is there");
        // A cancel ends what an answer in company has left open.
        const bool troubled =
            cancelled_.contains(op.id) ||
            disk_.doubted.contains({op.id, static_cast<std::uint32_t>(&s - op.steps.data())}) ||
            std::ranges::any_of(person.identifiers,
                                [&](const identifier& i) { return vendors_.troubled(i.value); });
        if (status == step_status::unknown && !troubled)
            accuse(which + " is told unknown (" + std::string(to_string(s.outcome.code)) +
                   "), and nothing went wrong: asked by " + std::string(to_string(s.who->kind)) + ", lost " +
                   std::to_string(s.history.lost) + ", attempts " + std::to_string(s.attempts));
        // One call and one repeat: what erases is never done more often.
        const auto& done = s.action == action::purge ? truth.purged : truth.forgotten;
        const auto erased = done.find((s.action == action::purge ? "email:" : "customer_id:") + who);
        if (erasing && erased != done.end() && erased->second.times > 2)
            accuse(which + " was done " + std::to_string(erased->second.times) + " times");
    }

    /// Whether the vendor of the action knows the customer by none of the identifiers that its call takes.
    static bool is_absent(const customer& c, action a) {
        using enum identifier_kind;
        const auto unknown = [&](std::initializer_list<identifier_kind> kinds) {
            return std::ranges::all_of(kinds, [&](identifier_kind k) {
                const identifier* id = c.find(k);
                return !id || id->value.starts_with("absent") || id->value.ends_with("99404");
            });
        };
        switch (a) {
        case action::lapse:
        case action::purge: return unknown({email});
        case action::forget: return unknown({billing_customer_id});
        case action::delink: return unknown({mobile, email});
        case action::revoke_earn:
        case action::revoke_enrol: return unknown({capillary_id, mobile, email});
        }
        return false;
    }

    /// What the vendor knows of the step.
    bool was_done(const operation& op, const step& s, const identifier& by) {
        const std::string& who = by.value;
        const sandbox::world& truth = vendors_.truth();
        switch (s.action) {
        case action::lapse: return truth.lapsed.contains("email:" + who);
        case action::purge: return truth.purged.contains("email:" + who);
        case action::forget: return truth.forgotten.contains("customer_id:" + who);
        case action::delink:
            return truth.delinked.contains(std::string(to_string(by.kind)) + ":" + who + " " +
                                           op.what.plan.partner_programs[s.target]);
        case action::revoke_earn:
        case action::revoke_enrol: return was_revoked(op, s, by);
        }
        return false;
    }

    bool was_revoked(const operation& op, const step& s, const identifier& by) {
        const std::string_view name = by.kind == identifier_kind::capillary_id ? "id" : to_string(by.kind);
        const std::int64_t entity = sandbox::world::entity_of(name, by.value);
        const promotion& p = op.what.plan.revoke[s.target];
        if (!vendors_.truth().has_holding(entity, p.promotion_id)) return false;
        const sandbox::holding& h = vendors_.truth().holding_of(entity, p.promotion_id);
        return s.action == action::revoke_enrol ? !h.enrolled : h.earns.empty() || !h.revoked.empty();
    }

    const scale size_;
    async::manual_time time_{steady_time(std::chrono::hours(1000))};
    const steady_time began_ = time_.now();
    chance chance_;
    simulated_clock clock_;
    disk disk_;
    model_vendors vendors_;
    config::settings settings_;
    std::unique_ptr<process> process_;
    std::vector<std::string> ids_;
    std::set<std::string> cancelled_;
    std::uint64_t persons_ = 0;
    steady_time quiet_since_{};
    bool slow_ = false; ///< and told so
    std::string history_;
    verdict told_;
};

} // namespace

verdict simulate(std::uint64_t seed, const scale& size) {
    return life(seed, size).live();
}

} // namespace offboard::simulation
