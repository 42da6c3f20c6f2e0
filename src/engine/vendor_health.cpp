#include "offboard/engine/vendor_health.hpp"

#include "offboard/domain/action_rules.hpp"

#include <algorithm>
#include <charconv>

namespace offboard::engine {

namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t n = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (text.empty() || ec != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return n;
}

policy::vendor_count count_in(const incoming_response& answer) {
    constexpr std::uint64_t longest_reset = 3600;
    policy::vendor_count count;
    count.limit = number_in(answer.header("x-ratelimit-limit"));
    count.remaining = number_in(answer.header("x-ratelimit-remaining"));
    if (const auto reset = number_in(answer.header("x-ratelimit-reset")))
        count.reset_in = std::chrono::seconds(std::min(*reset, longest_reset));
    return count;
}

} // namespace

vendor_health::vendor_health(const rules& r)
    : rules_(r), kinds_(action_count, kind(r.breaker)), pacer_(r.calls, r.per) {}

void vendor_health::judge(action a, policy::breaker::ticket ticket, bool down, std::string_view customer,
                          const moment& m, events& told) {
    kind& k = of(a);
    const auto before = k.breaker.at(m.now);
    k.pinged = false;
    if (down) {
        k.evidence.failed(customer);
        k.breaker.failed(ticket, m.now, m.random);
    } else {
        k.evidence.succeeded();
        k.breaker.succeeded(ticket);
    }
    if (k.breaker.at(m.now) != before) told.emplace_back(breaker_changed{a, k.breaker.at(m.now)});
}

void vendor_health::judge_credentials(action a, unsigned status, bool refused, std::uint64_t version,
                                      steady_time now) {
    policy::credential_hold& hold = of(a).hold;
    if (refused) return hold.refused(version, now);
    // A vendor in trouble, or one that counts calls only, has not looked at the credentials.
    if (status < 500 && !vendors::is_rate_limit(status)) hold.accepted();
}

std::optional<duration> vendor_health::apply_rate_limit(const incoming_response& answer, bool succeeded,
                                                        std::size_t in_flight, const moment& m,
                                                        events& told) {
    const policy::vendor_count count = count_in(answer);
    if (!pacer_.unlimited()) {
        const std::uint64_t left = pacer_.slots().left(m.now);
        if (count.remaining && *count.remaining + in_flight < left && m.now >= lowered_until_) {
            lowered_until_ = m.now + count.reset_in.value_or(std::chrono::minutes(1));
            told.emplace_back(budget_lowered{*count.remaining, left});
        }
    }
    pacer_.observe(count, m.now);
    std::optional<duration> asked;
    if (const auto seconds = vendors::asked_pause(answer, m.today))
        asked = std::min<duration>(*seconds, rules_.longest_pause);
    if (vendors::is_rate_limit(answer.status)) {
        const duration drawn =
            std::max(rules_.backoff.base, rules_.backoff.wait(throttled_in_row_++, m.random));
        asked = asked.value_or(drawn);
    } else {
        throttled_in_row_ = 0;
        // A date for the next look at something that went well does not ask for a pause.
        if (succeeded) asked.reset();
    }
    if (!asked) return asked;
    pacer_.hold(m.now + *asked, m.now);
    told.emplace_back(pause_asked{answer.status, *asked});
    return asked;
}

steady_time vendor_health::retry_at(action a, std::uint32_t faults, std::optional<duration> asked,
                                    const moment& m) {
    steady_time due = m.now + rules_.backoff.wait(faults, m.random);
    // Behind an open breaker the wait is the breaker's: its probe is all that will be sent.
    const steady_time probe = of(a).breaker.next_try(m.now);
    if (probe > m.now && probe != steady_time::max()) due = std::min(due, probe);
    if (asked) due = std::max(due, m.now + *asked);
    return std::max(due, retries_.ready_at(retries_.charge(m.now), m.now));
}

} // namespace offboard::engine
