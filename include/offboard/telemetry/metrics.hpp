#pragma once

#include "offboard/base/clock.hpp"
#include "offboard/base/error.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace offboard::telemetry {

/// A label's value: a word of ours. Made from a literal, from an enum that has a to_string(), or by of().
/// There is no way in from a std::string or a char pointer, which is what anything read from a caller or a
/// vendor is. It is a view: what it names must live until the call it is passed to returns.
class word {
public:
    /// A literal that is not fit to be a word does not compile.
    template <std::size_t N>
    consteval word(const char (&literal)[N]) : text_(literal, N - 1) {
        if (!fits(text_)) throw "not fit to be a label";
    }

    template <class Enum>
    requires std::is_enum_v<Enum> && requires(Enum e) {
        { to_string(e) } -> std::same_as<std::string_view>;
    }
    word(Enum e) noexcept : text_(to_string(e)) {}

    /// For an entry of a closed table of ours that comes as a view: an outcome's code, a route's pattern, a
    /// method as the server has normalised it. The caller is responsible for that.
    static word of(std::string_view entry) noexcept { return word(entry, vouched{}); }
    static word of(const std::string&) = delete;
    static word of(const char*) = delete;

    /// The last net under of(): 1 to 64 letters, `_ . - / { }` and at most four digits, and a letter among
    /// them unless it is three characters long, as an HTTP status is. What is none of that shows as `other`:
    /// e-mail addresses, mobile numbers, long ids. A bare name or a very short id would pass, so of() stays a
    /// promise.
    static constexpr bool fits(std::string_view text) noexcept {
        int digits = 0;
        bool lettered = false;
        for (const char c : text) {
            const bool digit = c >= '0' && c <= '9';
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            digits += digit ? 1 : 0;
            lettered = lettered || letter;
            if (!digit && !letter && std::string_view("_.-/{}").find(c) == std::string_view::npos)
                return false;
        }
        return (lettered || text.size() == 3) && text.size() <= 64 && digits <= 4;
    }

    constexpr std::string_view text() const noexcept { return text_; }

private:
    struct vouched {};
    word(std::string_view entry, vouched) noexcept : text_(entry) {}

    std::string_view text_;
};

/// The label that stands for an errc: its enumerator's name.
word reason_of(errc) noexcept;

/// As the gauge shows it: 0, 1, 2.
enum class breaker_position { closed, half_open, open };

/// What /metrics shows. One per process, made by app before whatever counts in it and handed down by
/// reference; network thread only. Seconds and bytes throughout. Counting into a series that exists allocates
/// nothing.
///
/// Every family holds at most `most_series` series, whatever happens: when three quarters are taken, a new
/// series gets `other` for its most open label (code, result, reason, route); when all but one are, for every
/// label.
///
/// A family shows from its first series on. A count of 0 makes a series appear at zero, so that the first
/// real count is an increase to those who watch; see also foresee().
class metrics {
public:
    explicit metrics(std::string_view version, std::size_t most_series = 1000);
    ~metrics();
    metrics(const metrics&) = delete;
    metrics& operator=(const metrics&) = delete;

    /// Makes the series of a configured vendor's call appear before its first call, its breaker closed.
    void foresee(word vendor, word step);

    /// offboard_steps_total: steps whose outcome is recorded.
    void count_steps(word vendor, word step, word status, word code, std::size_t count = 1);

    /// A call that was answered, whatever the answer: by its status' class in offboard_vendor_calls_total,
    /// its time in offboard_vendor_call_duration_seconds, its places in offboard_customers_per_call.
    void count_answered(word vendor, word step, unsigned status, duration took, std::size_t customers);

    /// A call without an answer, by reason. Its time and customers count only when something may have been
    /// sent.
    void count_unanswered(word vendor, word step, errc why, duration took, std::size_t customers);

    /// offboard_retries_total: steps put back for another call.
    void count_retries(word vendor, word step, word reason, std::size_t count = 1);

    /// offboard_operations_total: settled operations by status.
    void count_operations(word status, std::size_t count = 1);

    /// offboard_http_requests_total and offboard_http_request_duration_seconds. An empty route is
    /// `unmatched`, a status that is none is `other`.
    void count_request(word listener, word route, word method, unsigned status, duration took);

    /// offboard_trace_spans_total: spans that left for the collector, or were dropped and why: `exported`,
    /// `no_room`, `rejected`, `refused`, `unavailable`, `shutdown`.
    void count_spans(word result, std::size_t count = 1);
    /// offboard_http_refusals_total: requests and connections that a listener refused by itself.
    void count_refusal(word listener, word reason, std::size_t count = 1);

    /// Gauges. Set them when they change, or in an on_scrape() hook.
    /// `left` of `calls` in the budget's window may start now; see policy::budget.
    void set_budget(word vendor, double left, double calls);
    /// `waiting`: steps in line or put back; `oldest`: how long ago the first of them was asked for, 0 when
    /// none does.
    void set_queue(word vendor, std::size_t waiting, duration oldest);
    void set_in_flight(word vendor, std::size_t calls);
    void set_breaker(word vendor, word step, breaker_position);
    void set_credentials_refused(word vendor, word step, bool refused);
    void set_unsettled(std::size_t operations);
    void set_log_dropped(std::uint64_t lines);
    void set_listener(word listener, std::size_t connections, std::size_t in_flight);
    /// Totals since the start, never less than the last time.
    void set_journal(std::uint64_t commits, std::uint64_t entries, bool writable);

    /// offboard_secrets_rotated_total: files of secrets and certificates whose new content is in use.
    void count_rotated(std::size_t files);
    /// offboard_secrets_refused: 1 while such files cannot be used and what was in them before is.
    void set_secrets_refused(bool);

    /// Called in order at each scrape, before the text is made. Whatever a hook refers to must outlive the
    /// last scrape. Hooks must not call on_scrape() or scrape().
    void on_scrape(std::function<void(metrics&)>);

    /// The text exposition, version 0.0.4, with the process' own figures as the system has them. One that
    /// cannot be read is left out, or keeps its last value.
    std::string scrape();
    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

private:
    struct families;
    std::unique_ptr<families> families_;
};

} // namespace offboard::telemetry
