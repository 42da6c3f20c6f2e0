#pragma once

#include "offboard/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace offboard::policy {

/// What each caller may still ask, by a token bucket apiece: `requests` at once, and one more every
/// per/requests from then on. Sans-I/O, one thread; `now` never goes back.
///
/// Bounded: it remembers the callers that came last. One that is forgotten has a full bucket when it comes
/// again, as it had anyway if it had not come for `per`.
class quotas {
public:
    explicit quotas(std::size_t most_callers);

    /// Takes a request from the caller's bucket. When it is empty nothing is taken, and the answer is how
    /// long until it is not: above zero. `requests` 1 to 1e6, `per` at least 1s; they may change between two
    /// calls.
    std::optional<duration> take(std::string_view caller, std::uint32_t requests, duration per,
                                 steady_time now);

    /// What a caller has left.
    struct allowance {
        std::uint32_t requests = 0; ///< that would be taken now
        duration full_in{};         ///< until the bucket is full again
    };
    allowance left(std::string_view caller, std::uint32_t requests, duration per, steady_time now) const;

    std::size_t callers() const noexcept { return buckets_.size(); }

private:
    struct bucket {
        std::string caller;
        steady_time full_at; ///< when it will be full again
    };
    bucket& of(std::string_view caller, steady_time now);

    std::size_t most_;
    std::list<bucket> buckets_; ///< the one that came last first
    std::unordered_map<std::string_view, std::list<bucket>::iterator> by_caller_;
};

} // namespace offboard::policy
