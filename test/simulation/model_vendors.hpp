#pragma once

#include "model_journal.hpp"
#include "sandbox/engine.hpp"
#include "seeded.hpp"

#include "offboard/http/client.hpp"

#include <array>
#include <deque>
#include <memory>
#include <set>
#include <string>

namespace offboard::simulation {

/// How bad the world is to a vendor's calls, in percent of calls.
struct weather {
    unsigned unreachable = 0; ///< no connection: nothing was sent
    unsigned fault = 0;       ///< an answer that is bent, refused, cut or lost, before or after the effect
};

/// The three vendors behind their wires, as the sandbox plays them; they keep the truth, and live on when the
/// gateway dies. Looks at every call: no window holds more starts than the budget, and nothing
/// leaves without a departure.
class model_vendors {
public:
    struct budget {
        std::size_t calls = 0;
        duration per{};
    };
    model_vendors(const clock&, chance&, const disk&, accuse);

    std::unique_ptr<http::exchanger> client_of(vendor);

    /// All clients that were made so far are cut: their process has died.
    void cut() { ++generation_; }

    void set(vendor v, budget b) { budgets_[static_cast<std::size_t>(v)] = b; }
    void be(weather w) { weather_ = w; }

    sandbox::world& truth() { return engine_.state(); }
    /// Whether anything went wrong in a call with this text in it: then some outcomes may be unknown.
    bool troubled(const std::string& text) const { return troubled_.contains(text); }
    std::size_t calls() const noexcept { return calls_; }

private:
    class client;

    /// Adds a fault for the next call of this kind. Returns the kind of the fault.
    std::string bend(std::string_view call);
    void look_at_start(vendor, const outgoing_request&);
    sandbox::outcome receive(const outgoing_request&);
    sandbox::micros now() const;

    const clock& clock_;
    chance& chance_;
    const disk& disk_;
    const accuse accuse_;
    sandbox::engine engine_;
    const steady_time began_;
    weather weather_;
    std::array<budget, vendor_count> budgets_{};
    std::array<std::deque<steady_time>, vendor_count> starts_;
    std::array<std::size_t, vendor_count> started_{};
    std::set<std::string> troubled_;
    std::set<std::string> asked_now_; ///< call and customer, of calls in flight
    std::size_t calls_ = 0;
    std::size_t tokens_ = 0;
    std::uint64_t generation_ = 0;
};

} // namespace offboard::simulation
