#include "offboard/telemetry/trace_context.hpp"

#include "fixed_random.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace telemetry_trace_context_test {

using namespace offboard;
using namespace offboard::telemetry;
using offboard::test::fixed_random;

namespace {

const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string span = "00f067aa0ba902b7";
const std::string zeros(32, '0');

} // namespace

BOOST_AUTO_TEST_SUITE(trace_context_suite)

BOOST_AUTO_TEST_CASE(traceparent_is_read_as_the_recommendation_says) {
    const struct {
        const char* what;
        std::string field;
        bool valid;
        bool sampled;
    } rows[] = {
        {"sampled", "00-" + trace + "-" + span + "-01", true, true},
        {"not sampled", "00-" + trace + "-" + span + "-00", true, false},
        {"other flags are not sampled", "00-" + trace + "-" + span + "-02", true, false},
        {"all flags", "00-" + trace + "-" + span + "-ff", true, true},
        {"a later version", "cc-" + trace + "-" + span + "-01", true, true},
        {"a later version with more", "cc-" + trace + "-" + span + "-01-what-the-future-holds", true, true},
        {"a later version with an end that is none", "cc-" + trace + "-" + span + "-01.x", false, false},
        {"a later version with a dash at its end", "cc-" + trace + "-" + span + "-01-", true, true},
        {"version 00 with more", "00-" + trace + "-" + span + "-01-x", false, false},
        {"version 00 with a dash at its end", "00-" + trace + "-" + span + "-01-", false, false},
        {"version ff", "ff-" + trace + "-" + span + "-01", false, false},
        {"no trace", "00-" + zeros + "-" + span + "-01", false, false},
        {"no span", "00-" + trace + "-" + zeros.substr(16) + "-01", false, false},
        {"capitals in the trace", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + span + "-01", false, false},
        {"capitals in the span", "00-" + trace + "-00F067AA0BA902B7-01", false, false},
        {"capitals in the version", "CC-" + trace + "-" + span + "-01", false, false},
        {"capitals in the flags", "00-" + trace + "-" + span + "-0A", false, false},
        {"two fields in one list", "00-" + trace + "-" + span + "-01, 00-" + trace + "-" + span + "-01",
         false, false},
        {"two fields, the first of a later version",
         "cc-" + trace + "-" + span + "-01, 00-" + trace + "-" + span + "-01", false, false},
        {"a trace too short", "00-" + trace.substr(1) + "-" + span + "-01", false, false},
        {"a trace too long", "00-0" + trace + "-" + span + "-01", false, false},
        {"a flag too few", "00-" + trace + "-" + span + "-1", false, false},
        {"no flags", "00-" + trace + "-" + span, false, false},
        {"underscores", "00_" + trace + "_" + span + "_01", false, false},
        {"a space in front", " 00-" + trace + "-" + span + "-01", false, false},
        {"a letter beyond f", "00-" + trace.substr(1) + "g-" + span + "-01", false, false},
        {"nothing", "", false, false},
        {"a dash", "-", false, false},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.what) {
            const auto read = read_traceparent(row.field);
            BOOST_REQUIRE(read.has_value() == row.valid);
            if (!read) continue;
            BOOST_TEST(to_hex(read->trace).text() == trace);
            BOOST_TEST(to_hex(read->span).text() == span);
            BOOST_TEST(read->sampled == row.sampled);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_callers_trace_is_carried_on_and_sampled_as_the_caller_says) {
    for (const double share : {0.0, 1.0}) {
        for (const bool sampled : {false, true}) {
            fixed_random random;
            const std::string field = "00-" + trace + "-" + span + (sampled ? "-01" : "-00");
            const trace_context ours = continue_trace(field, random, share);
            BOOST_TEST(to_hex(ours.trace).text() == trace);
            BOOST_TEST(to_hex(ours.parent).text() == span);
            BOOST_TEST(to_hex(ours.span).text() == "0000000000000001");
            BOOST_TEST(ours.remote_parent);
            BOOST_TEST(ours.sampled == sampled);
            BOOST_TEST(to_traceparent(ours) ==
                       "00-" + trace + "-0000000000000001" + (sampled ? "-01" : "-00"));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_trace_begins_one) {
    fixed_random random;
    const trace_context ours = continue_trace("nonsense", random, 1);
    BOOST_TEST(ours.exists());
    BOOST_TEST(ours.parent == 0u);
    BOOST_TEST(!ours.remote_parent);
    BOOST_TEST(ours.sampled);
    const auto read = read_traceparent(to_traceparent(ours));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST((read->trace == ours.trace));
}

BOOST_AUTO_TEST_CASE(randomness_of_zeros_still_makes_valid_ids) {
    fixed_random random({0, 0, 0});
    const trace_context ours = begin_trace(random, 1);
    BOOST_TEST(read_traceparent(to_traceparent(ours)).has_value());
}

BOOST_AUTO_TEST_CASE(the_share_of_a_trace_of_our_own_goes_by_its_number) {
    constexpr std::uint64_t all = std::uint64_t(1) << 56;
    const struct {
        std::uint64_t low;
        double share;
        bool sampled;
    } rows[] = {
        {0, 0, false},
        {all - 1, 0, false},
        {0, 1, true},
        {all - 1, 1, true},
        {all / 2 - 1, 0.5, false},
        {all / 2, 0.5, true},
        {~std::uint64_t(0) << 56, 0.5, false}, // only the last 56 bits count
        {all / 4 * 3 - 1, 0.25, false},
        {all / 4 * 3, 0.25, true},
        {all - 1, 1e-9, true},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.low << " of " << row.share) {
            fixed_random random({7, row.low, 9});
            BOOST_TEST(begin_trace(random, row.share).sampled == row.sampled);
        }
    }
}

BOOST_AUTO_TEST_CASE(below_is_the_same_trace_and_a_span_of_its_own) {
    fixed_random random;
    const trace_context parent = begin_trace(random, 1);
    const trace_context child = below(parent, random);
    BOOST_TEST((child.trace == parent.trace));
    BOOST_TEST(child.parent == parent.span);
    BOOST_TEST(child.span != parent.span);
    BOOST_TEST(!child.remote_parent);
    BOOST_TEST(child.sampled);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace telemetry_trace_context_test
