#include "offboard/telemetry/metrics.hpp"

#include "exposition.hpp"
#include "telemetry/metrics_process.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace telemetry_metrics_test {

using namespace std::chrono_literals;
using offboard::errc;
using offboard::telemetry::breaker_position;
using offboard::telemetry::metrics;
using offboard::telemetry::word;

namespace {

enum class colour { red, blue };
std::string_view to_string(colour c) noexcept {
    return c == colour::red ? "red" : "blue";
}
enum class nameless { one };

template <class T>
concept may_be_vouched_for = requires(const T& t) {
    word::of(t);
};

// What the compiler refuses is half of the rule that no identifier becomes a label: text that came from
// outside is held in strings and buffers, and none of these turns into a word.
static_assert(!std::constructible_from<word, std::string>);
static_assert(!std::constructible_from<word, std::string_view>);
static_assert(!std::constructible_from<word, const char*>);
static_assert(!std::constructible_from<word, int>);
static_assert(!std::constructible_from<word, nameless>);
static_assert(std::constructible_from<word, colour>);
static_assert(may_be_vouched_for<std::string_view>);
static_assert(!may_be_vouched_for<std::string>);
static_assert(!may_be_vouched_for<const char*>);

/// One of everything.
void count_all(metrics& m) {
    m.foresee("mention_me", "mention_me.lapse");
    m.count_steps("mention_me", "mention_me.lapse", "succeeded", "lapsed", 3);
    m.count_steps("mention_me", "mention_me.lapse", "succeeded", "lapsed");
    m.count_steps("capillary", "capillary.delink", "failed", "not_found", 0);
    m.count_answered("mention_me", "mention_me.lapse", 204, 250ms, 100);
    m.count_answered("mention_me", "mention_me.lapse", 429, 40ms, 1);
    m.count_unanswered("mention_me", "mention_me.lapse", errc::answer_lost, 2s, 7);
    m.count_unanswered("mention_me", "mention_me.lapse", errc::connect_failed, 5s, 9);
    m.count_retries("mention_me", "mention_me.lapse", "vendor_busy", 7);
    m.count_operations("partial");
    m.count_request("main", "/offboard/{id}", "GET", 200, 3ms);
    m.count_request("main", word::of(std::string_view()), "other", 0, 1ms);
    m.count_spans("exported", 3);
    m.count_refusal("main", "in_flight", 3);
    m.set_listener("main", 7, 5);
    m.set_budget("mention_me", 298, 300);
    m.set_queue("mention_me", 12, 1500ms);
    m.set_in_flight("mention_me", 2);
    m.set_breaker("billing", "billing.forget", breaker_position::half_open);
    m.set_credentials_refused("billing", "billing.forget", true);
    m.set_breaker("capillary", "capillary.delink", breaker_position::open);
    m.set_unsettled(4);
    m.set_journal(2, 50, true);
    m.set_journal(3, 70, false); // totals, not steps
}

} // namespace

BOOST_AUTO_TEST_SUITE(metrics_suite)

BOOST_AUTO_TEST_CASE(every_family_appears_with_help_and_type) {
    metrics m("1.2.3");
    count_all(m);
    const exposition page(m.scrape());
    BOOST_TEST(page.faults.empty());
    for (const auto& fault : page.faults)
        BOOST_TEST_MESSAGE(fault);
    const std::map<std::string, std::string> expected = {
        {"offboard_steps_total", "counter"},
        {"offboard_vendor_calls_total", "counter"},
        {"offboard_vendor_call_duration_seconds", "histogram"},
        {"offboard_customers_per_call", "histogram"},
        {"offboard_vendor_budget_left", "gauge"},
        {"offboard_vendor_budget_calls", "gauge"},
        {"offboard_queue_customers", "gauge"},
        {"offboard_queue_oldest_seconds", "gauge"},
        {"offboard_in_flight_calls", "gauge"},
        {"offboard_retries_total", "counter"},
        {"offboard_breaker_state", "gauge"},
        {"offboard_vendor_credentials_refused", "gauge"},
        {"offboard_operations_total", "counter"},
        {"offboard_operations_unsettled", "gauge"},
        {"offboard_log_lines_dropped_total", "counter"},
        {"offboard_journal_commits_total", "counter"},
        {"offboard_journal_entries_total", "counter"},
        {"offboard_journal_writable", "gauge"},
        {"offboard_trace_spans_total", "counter"},
        {"offboard_http_requests_total", "counter"},
        {"offboard_http_request_duration_seconds", "histogram"},
        {"offboard_http_refusals_total", "counter"},
        {"offboard_http_connections", "gauge"},
        {"offboard_http_in_flight_requests", "gauge"},
        {"offboard_build_info", "gauge"},
        {"process_cpu_seconds_total", "counter"},
        {"process_resident_memory_bytes", "gauge"},
        {"process_open_fds", "gauge"},
        {"process_max_fds", "gauge"},
        {"process_start_time_seconds", "gauge"},
    };
    BOOST_TEST((page.types == expected));
}

BOOST_AUTO_TEST_CASE(counts_and_gauges_are_those_that_were_given) {
    metrics m("1.2.3");
    count_all(m);
    const exposition page(m.scrape());
    const std::string lapse = R"({step="mention_me.lapse",vendor="mention_me"})";
    const auto le = [](const char* bound) {
        return std::string(R"({step="mention_me.lapse",vendor="mention_me",le=")") + bound + "\"}";
    };
    const struct {
        std::string name;
        double value;
    } rows[] = {
        {R"(offboard_steps_total{code="lapsed",status="succeeded",step="mention_me.lapse",vendor="mention_me"})",
         4},
        {R"(offboard_steps_total{code="not_found",status="failed",step="capillary.delink",vendor="capillary"})",
         0},
        {R"(offboard_vendor_calls_total{result="2xx",step="mention_me.lapse",vendor="mention_me"})", 1},
        {R"(offboard_vendor_calls_total{result="4xx",step="mention_me.lapse",vendor="mention_me"})", 1},
        {R"(offboard_vendor_calls_total{result="5xx",step="mention_me.lapse",vendor="mention_me"})", 0},
        {R"(offboard_vendor_calls_total{result="answer_lost",step="mention_me.lapse",vendor="mention_me"})",
         1},
        {R"(offboard_vendor_calls_total{result="connect_failed",step="mention_me.lapse",vendor="mention_me"})",
         1},
        // The call that never left has neither time nor customers.
        {"offboard_vendor_call_duration_seconds_count" + lapse, 3},
        {"offboard_vendor_call_duration_seconds_sum" + lapse, 2.29},
        {"offboard_vendor_call_duration_seconds_bucket" + le("0.05"), 1},
        {"offboard_vendor_call_duration_seconds_bucket" + le("0.3"), 2},
        {"offboard_vendor_call_duration_seconds_bucket" + le("2.5"), 3},
        // A bucket's bound belongs to the bucket: a full call of 100 is not beyond the last.
        {"offboard_customers_per_call_count" + lapse, 3},
        {"offboard_customers_per_call_sum" + lapse, 108},
        {"offboard_customers_per_call_bucket" + le("1"), 1},
        {"offboard_customers_per_call_bucket" + le("5"), 1},
        {"offboard_customers_per_call_bucket" + le("10"), 2},
        {"offboard_customers_per_call_bucket" + le("75"), 2},
        {"offboard_customers_per_call_bucket" + le("100"), 3},
        {R"(offboard_retries_total{reason="vendor_busy",step="mention_me.lapse",vendor="mention_me"})", 7},
        {"offboard_breaker_state" + lapse, 0},
        {R"(offboard_breaker_state{step="billing.forget",vendor="billing"})", 1},
        {R"(offboard_breaker_state{step="capillary.delink",vendor="capillary"})", 2},
        {R"(offboard_operations_total{status="partial"})", 1},
        {"offboard_operations_unsettled", 4},
        {"offboard_journal_commits_total", 3},
        {"offboard_journal_entries_total", 70},
        {"offboard_journal_writable", 0},
        {"offboard_trace_spans_total{result=\"exported\"}", 3},
        {R"(offboard_vendor_budget_left{vendor="mention_me"})", 298},
        {R"(offboard_vendor_budget_calls{vendor="mention_me"})", 300},
        {R"(offboard_queue_customers{vendor="mention_me"})", 12},
        {R"(offboard_queue_oldest_seconds{vendor="mention_me"})", 1.5},
        {R"(offboard_in_flight_calls{vendor="mention_me"})", 2},
        {R"(offboard_http_requests_total{listener="main",method="GET",route="/offboard/{id}",status="200"})",
         1},
        {R"(offboard_http_requests_total{listener="main",method="other",route="unmatched",status="other"})",
         1},
        {R"(offboard_http_request_duration_seconds_count{route="/offboard/{id}"})", 1},
        {R"(offboard_http_refusals_total{listener="main",reason="in_flight"})", 3},
        {R"(offboard_http_connections{listener="main"})", 7},
        {R"(offboard_http_in_flight_requests{listener="main"})", 5},
        {R"(offboard_build_info{version="1.2.3"})", 1},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.name) {
            BOOST_TEST(page[row.name] == row.value, boost::test_tools::tolerance(1e-9));
        }
}

BOOST_AUTO_TEST_CASE(a_foreseen_call_shows_at_zero_before_it_is_made) {
    metrics m("1.2.3");
    m.foresee("billing", "billing.forget");
    const exposition page(m.scrape());
    BOOST_TEST(page.faults.empty());
    BOOST_TEST(page[R"(offboard_vendor_calls_total{result="5xx",step="billing.forget",vendor="billing"})"] ==
               0);
    BOOST_TEST(page[R"(offboard_customers_per_call_count{step="billing.forget",vendor="billing"})"] == 0);
    BOOST_TEST(page[R"(offboard_breaker_state{step="billing.forget",vendor="billing"})"] == 0);
}

BOOST_AUTO_TEST_CASE(an_enum_is_its_name) {
    metrics m("1.2.3");
    m.count_operations(colour::blue);
    const exposition page(m.scrape());
    BOOST_TEST(page[R"(offboard_operations_total{status="blue"})"] == 1);
}

BOOST_AUTO_TEST_CASE(a_family_never_has_more_series_than_its_bound_and_loses_no_count) {
    constexpr std::size_t most = 20;
    metrics m("1.2.3", most);
    for (const char vendor : std::string("abcdefghijklmnopqrstuvwxyz")) {
        for (const char code : std::string("abcdefghijklmnopqrstuvwxyz")) {
            m.count_steps(word::of(std::string_view(&vendor, 1)), "step", "failed",
                          word::of(std::string_view(&code, 1)));
        }
    }
    const exposition page(m.scrape());
    BOOST_TEST(page.faults.empty());
    BOOST_TEST(page.series_of("offboard_steps_total") == most);
    // A quarter is kept for those whose code is lost but whose vendor is not, and one for the rest.
    BOOST_TEST(page[R"(offboard_steps_total{code="o",status="failed",step="step",vendor="a"})"] == 1);
    BOOST_TEST(page[R"(offboard_steps_total{code="p",status="failed",step="step",vendor="a"})"] == -1);
    BOOST_TEST(page[R"(offboard_steps_total{code="other",status="failed",step="step",vendor="a"})"] == 11);
    BOOST_TEST(page[R"(offboard_steps_total{code="other",status="failed",step="step",vendor="d"})"] == 26);
    BOOST_TEST(page[R"(offboard_steps_total{code="other",status="failed",step="step",vendor="e"})"] == -1);
    BOOST_TEST(page[R"(offboard_steps_total{code="other",status="other",step="other",vendor="other"})"] ==
               22 * 26);
    double sum = 0;
    for (const auto& [name, value] : page.samples)
        if (name.starts_with("offboard_steps_total")) sum += value;
    BOOST_TEST(sum == 26 * 26);
}

BOOST_AUTO_TEST_CASE(what_looks_like_an_identifier_shows_as_other_though_somebody_vouched_for_it) {
    const std::string_view rows[] = {
        "jo@example.com", "+447700900123",    "447700900123",
        "10042",          "C-100045",         "/offboard/01JDBZ0S4N7R2Q5W8X3Y6A9C1D",
        "jo bloggs",      "jo%40example.com", "jo\"}",
        "jo\n",           "name\xc3\xa9",     "",
    };
    metrics m("1.2.3");
    for (const std::string_view row : rows) {
        const word slipped = word::of(row);
        m.count_steps(slipped, slipped, slipped, slipped);
        m.count_answered(slipped, slipped, 200, 1s, 1);
        m.count_retries(slipped, slipped, slipped);
        m.count_operations(slipped);
        m.count_request(slipped, slipped, slipped, 200, 1s);
        m.set_budget(slipped, 1, 1);
        m.set_breaker(slipped, slipped, breaker_position::open);
    }
    const exposition page(m.scrape());
    BOOST_TEST(page.faults.empty());
    const std::set<std::string> expected = {"1.2.3", "2xx", "200", "other", "unmatched"};
    BOOST_TEST((page.label_values == expected));
}

BOOST_AUTO_TEST_CASE(a_word_has_a_shape) {
    const struct {
        std::string_view text;
        bool fits;
    } rows[] = {
        {"ambiguous_404", true},
        {"mention_me.lapse", true},
        {"/offboard/{id}", true},
        {"2xx", true},
        {"/openapi.yaml", true},
        {"GET", true},
        {"half-open", true},
        {"v1234", true},
        {"v12345", false},
        {"200", true},
        {"1042", false},
        {"07", false},
        {"a b", false},
        {"a@b", false},
        {"", false},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.text) {
            BOOST_TEST(word::fits(row.text) == row.fits);
        }
    BOOST_TEST(word::fits(std::string(64, 'a')));
    BOOST_TEST(!word::fits(std::string(65, 'a')));
}

BOOST_AUTO_TEST_CASE(hooks_run_in_order_at_each_scrape) {
    metrics m("1.2.3");
    std::size_t scrapes = 0;
    m.on_scrape([&scrapes](metrics& into) { into.set_unsettled(++scrapes); });
    m.on_scrape([&scrapes](metrics& into) { into.set_in_flight("billing", scrapes * 10); });
    BOOST_TEST(exposition(m.scrape())["offboard_operations_unsettled"] == 1);
    const exposition second(m.scrape());
    BOOST_TEST(second["offboard_operations_unsettled"] == 2);
    BOOST_TEST(second[R"(offboard_in_flight_calls{vendor="billing"})"] == 20);
}

BOOST_AUTO_TEST_CASE(the_process_is_described_by_plausible_figures) {
    metrics m("1.2.3");
    const exposition first(m.scrape());
    BOOST_TEST(first["process_resident_memory_bytes"] > 1e6);
    BOOST_TEST(first["process_open_fds"] >= 1);
    BOOST_TEST(first["process_open_fds"] < first["process_max_fds"]);
    BOOST_TEST(first["process_start_time_seconds"] > 1.6e9);
    BOOST_TEST(first["process_cpu_seconds_total"] >= 0);
    const exposition second(m.scrape());
    BOOST_TEST(second["process_cpu_seconds_total"] >= first["process_cpu_seconds_total"]);
    BOOST_TEST(second["process_start_time_seconds"] == first["process_start_time_seconds"]);
    // The counter follows the process' own, it does not add it up.
    for (int i = 0; i < 50; ++i)
        m.scrape();
    const exposition last(m.scrape());
    BOOST_TEST(last["process_cpu_seconds_total"] <=
               offboard::telemetry::read_process().cpu_seconds.value_or(0));
}

BOOST_AUTO_TEST_CASE(the_line_of_proc_is_read_past_any_command_name) {
    const auto line = offboard::telemetry::parse_stat("77 (a) R 1 (b) S 1 77 77 0 -1 4194560 9 0 0 0 120 30 "
                                                      "0 0 20 0 4 0 5000 99999 250 18446744073709551615\n");
    BOOST_REQUIRE(line.has_value());
    BOOST_TEST(line->cpu_ticks == 150);
    BOOST_TEST(line->start_ticks == 5000);
    BOOST_TEST(line->resident_pages == 250);
    for (const std::string_view bad :
         {"", ")", "77 (a", "77 (a) S 1 2 3", "77 (a) S x x x x x x x x x x x x x"})
        BOOST_TEST_CONTEXT(bad) {
            BOOST_TEST(!offboard::telemetry::parse_stat(bad).has_value());
        }
    BOOST_TEST(offboard::telemetry::parse_boot_time("cpu 1 2\nbtime 1700000000\nprocesses 5\n").value_or(0) ==
               1.7e9);
    BOOST_TEST(!offboard::telemetry::parse_boot_time("cpu 1 2\n").has_value());
}

BOOST_AUTO_TEST_CASE(every_error_has_its_own_reason) {
    std::set<std::string_view> seen;
    for (int e = static_cast<int>(errc::dns_failed); e <= static_cast<int>(errc::not_found); ++e) {
        const std::string_view reason = offboard::telemetry::reason_of(static_cast<errc>(e)).text();
        BOOST_TEST(word::fits(reason));
        BOOST_TEST(reason != "other");
        BOOST_TEST(seen.insert(reason).second);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace telemetry_metrics_test
