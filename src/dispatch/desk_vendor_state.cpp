// What an answer tells of the vendor rather than of a customer: its rate limit, and whether it takes our
// credentials.
#include "desk.hpp"

#include "offboard/engine/outcomes.hpp"

#include <algorithm>
#include <charconv>

namespace offboard::dispatch {

namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t n = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (text.empty() || ec != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return n;
}

} // namespace

std::optional<duration> desk::heed(const incoming_response& answer, bool well) {
    const steady_time now = with_.time.now();
    policy::vendor_count count;
    count.limit = number_in(answer.header("x-ratelimit-limit"));
    count.remaining = number_in(answer.header("x-ratelimit-remaining"));
    if (const auto reset = number_in(answer.header("x-ratelimit-reset")))
        count.reset_in = std::chrono::seconds(std::min<std::uint64_t>(*reset, 3600));
    if (!pacer_.unlimited()) {
        const std::uint64_t left = pacer_.slots().left(now);
        if (count.remaining && *count.remaining + in_flight_ < left && now >= overruled_) {
            overruled_ = now + count.reset_in.value_or(std::chrono::minutes(1));
            with_.log.info(
                "vendor counts fewer calls left than the budget: its count is followed",
                {{"vendor", to_string(vendor_)}, {"left", *count.remaining}, {"budget_left", left}});
        }
    }
    pacer_.observe(count, now);
    std::optional<duration> asked;
    if (const auto seconds = vendors::asked_pause(answer, with_.time.today()))
        asked = std::min<duration>(*seconds, with_.settings.give_up_after);
    if (vendors::is_rate_limit(answer.status)) {
        const duration drawn = std::max(backoff_.base, backoff_.wait(throttled_++, with_.random));
        asked = asked.value_or(drawn);
    } else {
        throttled_ = 0;
        // A date for the next look at something that went well is no wish to be left alone.
        if (well) asked.reset();
    }
    if (!asked) return asked;
    pacer_.hold(now + *asked, now);
    with_.log.warn("vendor asks to be left alone",
                   {{"vendor", to_string(vendor_)},
                    {"status", answer.status},
                    {"seconds", std::chrono::duration<double>(*asked).count()}});
    return asked;
}

bool desk::reauthorise(packed& p, bool refused, settlements& settled) {
    const bool second = std::ranges::any_of(p.places, [](const line::place& place) {
        return std::ranges::any_of(place.asks, &ask::reauthorised);
    });
    if (!refused || second) return false;
    // Through the line again, so that the second try has its own start in the budget.
    later group{std::move(p.places), p.apart};
    for (line::place& place : group.places)
        for (ask& a : place.asks)
            a.reauthorised = true;
    kind_of(p.batch.what).hold.again(with_.time.now());
    withdraw(group, moment::ended, settled);
    put_back_now(std::move(group));
    return true;
}

void desk::judge_credentials(const packed& p, const incoming_response& answer, bool refused) {
    const steady_time now = with_.time.now();
    policy::credential_hold& hold = kind_of(p.batch.what).hold;
    if (refused) return hold.refused(link_.version(), now);
    // A vendor in trouble, or one that counts calls only, has not looked at the credentials.
    if (answer.status < 500 && !vendors::is_rate_limit(answer.status)) hold.accepted();
}

void desk::hold_back(const packed& p, line::call refused, settlements& settled) {
    tell_refused(p);
    later group{{}, p.apart};
    for (line::place& place : refused) {
        for (ask& a : place.asks) {
            a.reauthorised = false;
            if (with_.operations.given_up(*a.op)) {
                settle(std::move(a), outcome_of(step_status::failed, outcome_code::vendor_auth, true),
                       settled);
                continue;
            }
            a.what().outcome.code = outcome_code::vendor_auth;
            note(a, settled);
            add(group.places, place, std::move(a));
        }
    }
    withdraw(group, moment::ended, settled);
    put_back_now(std::move(group));
}

} // namespace offboard::dispatch
