#pragma once

#include "offboard/base/clock.hpp"

#include <chrono>
#include <cstdint>

namespace offboard::policy {

/// A vendor refuses our credentials for one kind of call: its customers wait, and no call goes but a probe,
/// which is a call for one customer. A probe goes when the credentials have changed, and every 5 minutes.
/// Sans-I/O; owned by the vendor's queue, one thread; `now` never goes back.
class credential_hold {
public:
    static constexpr duration every = std::chrono::minutes(5);

    /// The vendor refused a call that was made with credentials of this version.
    void refused(std::uint64_t version, steady_time now) {
        held_ = true;
        version_ = version;
        next_ = now + every;
        probing_ = false;
    }
    /// The vendor took a call: its customers wait no longer.
    void accepted() {
        held_ = false;
        probing_ = false;
    }
    /// A call is being sent while held() is true: it is the probe.
    void probing() { probing_ = held_; }
    /// The probe told nothing of the credentials, or was not sent.
    void abandoned(steady_time now) {
        if (!probing_) return;
        probing_ = false;
        next_ = now + every;
    }

    /// The probe is to be sent once more, with a new token.
    void again(steady_time now) {
        probing_ = false;
        next_ = now;
    }

    bool held() const noexcept { return held_; }
    /// When a call may be sent, with credentials of this version: `now` or later; steady_time::max() while a
    /// probe is out.
    steady_time next_try(std::uint64_t version, steady_time now) const noexcept {
        if (!held_) return now;
        if (probing_) return steady_time::max();
        return version != version_ || next_ <= now ? now : next_;
    }

private:
    bool held_ = false;
    bool probing_ = false;
    std::uint64_t version_ = 0;
    steady_time next_{};
};

} // namespace offboard::policy
