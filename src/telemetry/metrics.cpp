#include "offboard/telemetry/metrics.hpp"

#include "metrics_process.hpp"
#include "metrics_series.hpp"

#include <prometheus/text_serializer.h>

#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

namespace offboard::telemetry {

namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

double seconds(duration d) {
    return std::chrono::duration<double>(d).count();
}

/// Around what vendors take: 50 ms at best, the call timeouts at worst.
std::vector<double> call_seconds() {
    return {0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20, 30, 60};
}

/// From an answer out of memory to the longest wait a caller may ask for.
std::vector<double> request_seconds() {
    return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

std::vector<double> call_customers() {
    return {1, 2, 5, 10, 20, 50, 75, 100};
}

std::string_view class_of(unsigned status) noexcept {
    switch (status / 100) {
    case 1: return "1xx";
    case 2: return "2xx";
    case 3: return "3xx";
    case 4: return "4xx";
    case 5: return "5xx";
    default: return "other";
    }
}

/// A status as a label, without the heap.
class status_text {
public:
    explicit status_text(unsigned status) noexcept {
        if (status >= 100 && status <= 999) std::to_chars(digits_, digits_ + 3, status);
    }
    std::string_view text() const noexcept { return digits_[0] ? std::string_view(digits_, 3) : "other"; }

private:
    char digits_[3] = {};
};

/// prometheus-cpp has no counter that can be set.
void raise_to(Counter& counter, double value) {
    counter.Increment(value - counter.Value());
}

} // namespace

struct metrics::families {
    explicit families(std::size_t n) : most(n) {}

    prometheus::Registry registry;
    const std::size_t most;
    std::vector<std::function<void(metrics&)>> hooks;

    series<Counter, 4> steps{
        registry,
        {"offboard_steps_total", "Steps settled, by outcome.", {"vendor", "step", "status", "code"}, 3, {}},
        most};
    series<Counter, 3> calls{
        registry,
        {"offboard_vendor_calls_total",
         "Calls to vendors, by the class of the answer's status or the reason why there is none.",
         {"vendor", "step", "result"},
         2,
         {}},
        most};
    series<Histogram, 2> call_duration{registry,
                                       {"offboard_vendor_call_duration_seconds",
                                        "Time of calls to vendors of which something may have been sent.",
                                        {"vendor", "step"},
                                        1,
                                        call_seconds()},
                                       most};
    series<Histogram, 2> call_size{registry,
                                   {"offboard_customers_per_call",
                                    "Customers packed into one call to a vendor.",
                                    {"vendor", "step"},
                                    1,
                                    call_customers()},
                                   most};
    series<Counter, 3> retries{registry,
                               {"offboard_retries_total",
                                "Steps put back for another call, by reason.",
                                {"vendor", "step", "reason"},
                                2,
                                {}},
                               most};
    series<Gauge, 2> breaker{registry,
                             {"offboard_breaker_state",
                              "Circuit breaker of a vendor's call: 0 closed, 1 half-open, 2 open.",
                              {"vendor", "step"},
                              1,
                              {}},
                             most};
    series<Gauge, 2> credentials_refused{
        registry,
        {"offboard_vendor_credentials_refused",
         "1 while a vendor refuses our credentials for a call and its customers wait.",
         {"vendor", "step"},
         1,
         {}},
        most};
    series<Gauge, 1> budget{registry,
                            {"offboard_vendor_budget_left",
                             "Calls that the vendor's budget still allows now.",
                             {"vendor"},
                             0,
                             {}},
                            most};
    series<Gauge, 1> budget_calls{registry,
                                  {"offboard_vendor_budget_calls",
                                   "Calls that the vendor's budget allows in one window.",
                                   {"vendor"},
                                   0,
                                   {}},
                                  most};
    series<Gauge, 1> queue{
        registry,
        {"offboard_queue_customers", "Steps that wait for a call to the vendor.", {"vendor"}, 0, {}},
        most};
    series<Gauge, 1> oldest{registry,
                            {"offboard_queue_oldest_seconds",
                             "How long ago the oldest waiting step was asked for, or retried.",
                             {"vendor"},
                             0,
                             {}},
                            most};
    series<Gauge, 1> in_flight{
        registry, {"offboard_in_flight_calls", "Calls to the vendor under way.", {"vendor"}, 0, {}}, most};
    series<Counter, 1> operations{
        registry, {"offboard_operations_total", "Operations settled, by status.", {"status"}, 0, {}}, most};
    series<Counter, 0> log_dropped{registry,
                                   {"offboard_log_lines_dropped_total",
                                    "Log lines dropped because standard error was not read.",
                                    {},
                                    0,
                                    {}},
                                   most};
    series<Gauge, 0> unsettled{
        registry, {"offboard_operations_unsettled", "Operations that are not settled yet.", {}, 0, {}}, most};
    series<Counter, 0> rotated{registry,
                               {"offboard_secrets_rotated_total",
                                "Files of secrets and certificates whose new content is in use.",
                                {},
                                0,
                                {}},
                               most};
    series<Gauge, 0> refused{registry,
                             {"offboard_secrets_refused",
                              "1 while files of secrets or certificates cannot be used and older ones are.",
                              {},
                              0,
                              {}},
                             most};
    series<Counter, 0> commits{
        registry, {"offboard_journal_commits_total", "Durable commits of the journal.", {}, 0, {}}, most};
    series<Counter, 0> entries{
        registry, {"offboard_journal_entries_total", "Entries in those commits.", {}, 0, {}}, most};
    series<Gauge, 0> writable{
        registry, {"offboard_journal_writable", "1 while the journal can be written.", {}, 0, {}}, most};
    series<Counter, 4> requests{registry,
                                {"offboard_http_requests_total",
                                 "Requests answered, by the pattern of their route.",
                                 {"listener", "route", "method", "status"},
                                 1,
                                 {}},
                                most};
    series<Histogram, 1> request_duration{registry,
                                          {"offboard_http_request_duration_seconds",
                                           "Time from a request's complete header to its answer written.",
                                           {"route"},
                                           0,
                                           request_seconds()},
                                          most};

    series<Counter, 1> spans{
        registry,
        {"offboard_trace_spans_total", "Spans exported, or dropped and why.", {"result"}, 0, {}},
        most};
    series<Counter, 2> refusals{
        registry,
        {"offboard_http_refusals_total",
         "Connections and requests that a listener turned away by its own limits, and failed TLS handshakes.",
         {"listener", "reason"},
         1,
         {}},
        most};
    series<Gauge, 1> connections{
        registry, {"offboard_http_connections", "Open connections of callers.", {"listener"}, 0, {}}, most};
    series<Gauge, 1> in_flight_requests{registry,
                                        {"offboard_http_in_flight_requests",
                                         "Requests between their header and the end of their answer.",
                                         {"listener"},
                                         0,
                                         {}},
                                        most};

    series<Counter, 0> cpu{
        registry, {"process_cpu_seconds_total", "User and system CPU time spent.", {}, 0, {}}, most};
    series<Gauge, 0> resident{
        registry, {"process_resident_memory_bytes", "Resident memory size.", {}, 0, {}}, most};
    series<Gauge, 0> open_fds{registry, {"process_open_fds", "Open file descriptors.", {}, 0, {}}, most};
    series<Gauge, 0> max_fds{
        registry, {"process_max_fds", "Most file descriptors that may be open.", {}, 0, {}}, most};
    series<Gauge, 0> start{
        registry, {"process_start_time_seconds", "Start of the process since the epoch.", {}, 0, {}}, most};
};

metrics::metrics(std::string_view version, std::size_t most_series)
    : families_(std::make_unique<families>(most_series)) {
    // Not a word: a version may hold more digits than one, and comes from the build.
    prometheus::BuildGauge()
        .Name("offboard_build_info")
        .Help("Always 1; the version is the label.")
        .Register(families_->registry)
        .Add({{"version", std::string(version)}})
        .Set(1);
    families_->unsettled.at({});
    families_->log_dropped.at({});
    if (const auto start = read_process_start()) families_->start.at({}).Set(*start);
}

metrics::~metrics() = default;

void metrics::foresee(word vendor, word step) {
    for (const std::string_view result : {"2xx", "4xx", "5xx"})
        families_->calls.at({vendor.text(), step.text(), result});
    for (const errc why : {errc::connect_failed, errc::answer_timeout, errc::answer_lost})
        families_->calls.at({vendor.text(), step.text(), reason_of(why).text()});
    families_->call_duration.at({vendor.text(), step.text()});
    families_->call_size.at({vendor.text(), step.text()});
    set_breaker(vendor, step, breaker_position::closed);
    set_credentials_refused(vendor, step, false);
}

void metrics::count_steps(word vendor, word step, word status, word code, std::size_t count) {
    families_->steps.at({vendor.text(), step.text(), status.text(), code.text()})
        .Increment(static_cast<double>(count));
}

void metrics::count_answered(word vendor, word step, unsigned status, duration took, std::size_t customers) {
    families_->calls.at({vendor.text(), step.text(), class_of(status)}).Increment();
    families_->call_duration.at({vendor.text(), step.text()}).Observe(seconds(took));
    families_->call_size.at({vendor.text(), step.text()}).Observe(static_cast<double>(customers));
}

void metrics::count_unanswered(word vendor, word step, errc why, duration took, std::size_t customers) {
    families_->calls.at({vendor.text(), step.text(), reason_of(why).text()}).Increment();
    if (nothing_was_sent(why)) return;
    families_->call_duration.at({vendor.text(), step.text()}).Observe(seconds(took));
    families_->call_size.at({vendor.text(), step.text()}).Observe(static_cast<double>(customers));
}

void metrics::count_retries(word vendor, word step, word reason, std::size_t count) {
    families_->retries.at({vendor.text(), step.text(), reason.text()}).Increment(static_cast<double>(count));
}

void metrics::count_operations(word status, std::size_t count) {
    families_->operations.at({status.text()}).Increment(static_cast<double>(count));
}

void metrics::count_request(word listener, word route, word method, unsigned status, duration took) {
    const std::string_view pattern = route.text().empty() ? "unmatched" : route.text();
    const status_text shown(status);
    families_->requests.at({listener.text(), pattern, method.text(), shown.text()}).Increment();
    families_->request_duration.at({pattern}).Observe(seconds(took));
}

void metrics::count_spans(word result, std::size_t count) {
    families_->spans.at({result.text()}).Increment(static_cast<double>(count));
}

void metrics::count_refusal(word listener, word reason, std::size_t count) {
    families_->refusals.at({listener.text(), reason.text()}).Increment(static_cast<double>(count));
}

void metrics::set_listener(word listener, std::size_t connections, std::size_t in_flight) {
    families_->connections.at({listener.text()}).Set(static_cast<double>(connections));
    families_->in_flight_requests.at({listener.text()}).Set(static_cast<double>(in_flight));
}

void metrics::set_budget(word vendor, double left, double calls) {
    families_->budget.at({vendor.text()}).Set(left);
    families_->budget_calls.at({vendor.text()}).Set(calls);
}

void metrics::set_queue(word vendor, std::size_t waiting, duration oldest) {
    families_->queue.at({vendor.text()}).Set(static_cast<double>(waiting));
    families_->oldest.at({vendor.text()}).Set(seconds(oldest));
}

void metrics::set_in_flight(word vendor, std::size_t calls) {
    families_->in_flight.at({vendor.text()}).Set(static_cast<double>(calls));
}

void metrics::set_credentials_refused(word vendor, word step, bool refused) {
    families_->credentials_refused.at({vendor.text(), step.text()}).Set(refused ? 1 : 0);
}

void metrics::set_breaker(word vendor, word step, breaker_position position) {
    families_->breaker.at({vendor.text(), step.text()}).Set(static_cast<double>(position));
}

void metrics::set_unsettled(std::size_t operations) {
    families_->unsettled.at({}).Set(static_cast<double>(operations));
}

void metrics::set_log_dropped(std::uint64_t lines) {
    prometheus::Counter& counter = families_->log_dropped.at({});
    counter.Increment(std::max(0.0, static_cast<double>(lines) - counter.Value()));
}

void metrics::set_journal(std::uint64_t commits, std::uint64_t entries, bool writable) {
    const auto raise = [](prometheus::Counter& counter, std::uint64_t to) {
        counter.Increment(std::max(0.0, static_cast<double>(to) - counter.Value()));
    };
    raise(families_->commits.at({}), commits);
    raise(families_->entries.at({}), entries);
    families_->writable.at({}).Set(writable ? 1 : 0);
}

void metrics::count_rotated(std::size_t files) {
    families_->rotated.at({}).Increment(static_cast<double>(files));
}

void metrics::set_secrets_refused(bool refused) {
    families_->refused.at({}).Set(refused ? 1 : 0);
}

void metrics::on_scrape(std::function<void(metrics&)> hook) {
    families_->hooks.push_back(std::move(hook));
}

std::string metrics::scrape() {
    for (const auto& hook : families_->hooks)
        hook(*this);
    const process_figures now = read_process();
    if (now.cpu_seconds) raise_to(families_->cpu.at({}), *now.cpu_seconds);
    if (now.resident_bytes) families_->resident.at({}).Set(*now.resident_bytes);
    if (now.open_fds) families_->open_fds.at({}).Set(*now.open_fds);
    if (now.max_fds) families_->max_fds.at({}).Set(*now.max_fds);
    return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

} // namespace offboard::telemetry
