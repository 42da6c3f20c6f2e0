#pragma once

#include "offboard/base/clock.hpp"

#include <cstdint>

namespace offboard::policy {

/// Keeps retries a small part of the traffic, as gRPC's retry throttling and Envoy's retry budget do, with
/// two differences. A retry is charged when it is scheduled, not when it is sent, so that what sits in
/// backoff cannot come back as a herd. And a retry beyond the budget is not given up but waits for its turn.
///
/// Each retry draws a ticket; tickets are honoured in order as tokens come: a part of one with each success,
/// and a trickle in time so that a lone customer's retry never depends on others. At rest `most` tokens are
/// in hand, so that a few failures are retried after their backoff alone.
///
/// Sans-I/O, two numbers, nothing queued; owned by the vendor's queue, one thread; `now` never goes back.
class retry_budget {
public:
    struct rules {
        double most = 20;        ///< tokens kept at most
        double per_success = .2; ///< tokens a call without a fault brings
        double per_second = .5;  ///< tokens time brings; above zero
    };
    using ticket = std::uint64_t;

    retry_budget() : retry_budget(rules{}) {}
    explicit retry_budget(rules r) : rules_(r), granted_(r.most) {}

    /// One retry of a call, however many customers are in it.
    ticket charge(steady_time now);
    /// `now` if the ticket's token has come, else when it comes by time alone; successes bring it nearer.
    steady_time ready_at(ticket, steady_time now);
    void succeeded(steady_time now);

    /// Tokens in hand; below zero, so many retries wait for theirs.
    double left(steady_time now);

private:
    void refill(steady_time now);
    void grant(double);

    rules rules_;
    std::uint64_t charged_ = 0;
    double granted_;
    steady_time at_{};
};

} // namespace offboard::policy
