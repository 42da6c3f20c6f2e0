#include "../fuzz/mutation.hpp"
#include "record_codec.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <limits>
#include <tuple>

namespace journal_record_codec_test {

using namespace offboard;
using journal::change;

namespace {

bool same(const vendor_detail& a, const vendor_detail& b) {
    const auto all = [](const vendor_detail& v) {
        return std::tie(v.code, v.message, v.reason, v.entity_id, v.revoked_earn_ids, v.revoked_issual_id,
                        v.absent_by);
    };
    return all(a) == all(b);
}
bool same(const outcome& a, const outcome& b) {
    return a.status == b.status && a.code == b.code && a.retryable == b.retryable && same(a.vendor, b.vendor);
}
bool same(const step& a, const step& b) {
    const auto all = [](const step& s) {
        return std::tie(s.action, s.customer, s.who, s.target, s.attempts, s.history, s.blocked_by);
    };
    return all(a) == all(b) && same(a.outcome, b.outcome);
}
bool same(const change& a, const change& b) {
    const auto all = [](const change& c) { return std::tie(c.step, c.blocked_by, c.attempts, c.history); };
    return all(a) == all(b) && same(a.outcome, b.outcome);
}
bool same(const customer& a, const customer& b) {
    const auto all = [](const customer& c) { return std::tie(c.ref, c.identifiers, c.source, c.earn_ids); };
    return all(a) == all(b);
}
bool same(const plan& a, const plan& b) {
    const auto all = [](const plan& p) {
        return std::tie(p.direct, p.revoke, p.partner_programs, p.keep, p.defaults.erase_gate,
                        p.defaults.missing_identifier, p.defaults.dry_run, p.defaults.absent);
    };
    return all(a) == all(b);
}
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const T& x, const T& y) { return same(x, y); });
}
bool same(const operation& a, const operation& b) {
    return a.what.plan_name == b.what.plan_name && same(a.what.plan, b.what.plan) &&
           same(a.what.customers, b.what.customers) && a.what.gate == b.what.gate &&
           a.what.absent == b.what.absent && a.what.dry_run == b.what.dry_run && same(a.steps, b.steps) &&
           a.first_step == b.first_step;
}

vendor_detail everything_said() {
    vendor_detail v;
    v.code = 8903;
    v.message = "Kunde \"jo\" \\ \u00e4\u20ac\n";
    v.reason = "007";
    v.entity_id = -423927867;
    v.revoked_earn_ids = {974, 0, std::numeric_limits<std::int64_t>::min()};
    v.revoked_issual_id = std::numeric_limits<std::int64_t>::max();
    v.absent_by = {identifier_kind::mobile, identifier_kind::email};
    return v;
}

/// Two customers and one who has nothing but an email; every action; every kind of end.
operation rich() {
    operation op;
    op.what.plan_name = "forget-in-billing";
    op.what.gate = erase_gate::settled;
    op.what.dry_run = true;
    plan& p = op.what.plan;
    p.set(action::lapse);
    p.set(action::forget);
    p.revoke = {{2714, "202779", "", promotion_kind::enrol_and_issue},
                {9'007'199'254'740'993, "", "spring", promotion_kind::direct_issue}};
    p.partner_programs = {"1stProgram", "p3e1"};
    p.keep = {"country", "email"};
    p.defaults = {erase_gate::none, missing_identifier::skip, false, absent_rule::not_ok};
    using enum identifier_kind;
    op.what.customers = {
        {"crm-8841",
         {{mobile, "0049151"}, {email, "jo@example.com"}, {capillary_id, "423927867"}},
         "WEBSITE",
         {960}},
        {"", {{email, "sam@example.com"}, {billing_order_id, "1e400"}, {external_id, "\u00e4"}}, "", {}},
        {"0", {{email, "x"}}, "", {}}};
    op.steps = expand(op.what, op.first_step);
    op.steps[0].outcome = {step_status::accepted, outcome_code::queued, false, {}};
    op.steps[1].outcome = {step_status::failed, outcome_code::promotion_inactive, true, everything_said()};
    op.steps[1].attempts = 3;
    op.steps[1].history = {2, true, true};
    op.steps[2].outcome = {step_status::skipped, outcome_code::gate_shut, false, {}};
    op.steps[2].blocked_by = {action::revoke_earn, action::lapse};
    op.steps[3].history.acted_before = true;
    return op;
}

bool unreadable(std::string_view text) {
    operation op;
    const auto done = journal::decode(text, op);
    return done.has_error() && done.error() == errc::journal_unavailable && op.steps.empty() &&
           op.what.customers.empty();
}
bool unreadable_changes(std::string_view text) {
    const auto done = journal::decode_changes(text);
    return done.has_error() && done.error() == errc::journal_unavailable;
}

void check_round_trip(const operation& op) {
    operation read;
    const std::string text = journal::encode(op);
    BOOST_REQUIRE(!journal::decode(text, read).has_error());
    BOOST_TEST(same(op, read));
    BOOST_TEST(journal::encode(read) == text);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, from);
    return text.replace(at, from.size(), to);
}

} // namespace

BOOST_AUTO_TEST_SUITE(record_codec_suite)

BOOST_AUTO_TEST_CASE(an_operation_is_read_as_it_was_written) {
    check_round_trip(rich());
    operation nothing;
    nothing.first_step = {0};
    check_round_trip(nothing);
}

BOOST_AUTO_TEST_CASE(each_field_survives_alone_and_changed) {
    const std::vector<std::function<void(operation&)>> edits = {
        [](operation& op) { op.what.plan_name.clear(); },
        [](operation& op) {
            op.what.plan = {}, op.steps.clear(), op.first_step = {0, 0, 0, 0};
        },
        [](operation& op) { op.what.plan.defaults = {}; },
        [](operation& op) {
            op.what.plan.defaults = {erase_gate::all_ok, missing_identifier::reject, true, absent_rule::ok};
        },
        [](operation& op) { op.what.plan.keep.clear(); },
        [](operation& op) { op.what.plan.keep = {""}; },
        [](operation& op) { op.what.plan.set(action::lapse, false); },
        [](operation& op) { op.what.plan.set(action::forget, false); },
        [](operation& op) { op.what.gate = erase_gate::all_ok; },
        [](operation& op) { op.what.gate = erase_gate::none; },
        [](operation& op) { op.what.absent = absent_rule::not_ok; },
        [](operation& op) { op.what.dry_run = false; },
        [](operation& op) { op.what.customers[0].identifiers.clear(); },
        [](operation& op) { op.what.customers[0].ref = std::string("a\0b\x7f", 4); },
        [](operation& op) {
            op.what.customers[0].earn_ids = {1, 2, 3};
        },
        [](operation& op) { op.steps[0].who.reset(); },
        [](operation& op) { op.steps[0].who->value = "another@example.com"; },
        [](operation& op) { op.steps[0].who->value.clear(); },
        [](operation& op) {
            op.steps[0].who = {identifier_kind::external_id, "not a customer's"};
        },
        [](operation& op) { op.steps[0].attempts = std::numeric_limits<std::uint32_t>::max(); },
        [](operation& op) { op.steps[0].history.lost = std::numeric_limits<std::uint32_t>::max(); },
        [](operation& op) { op.steps[0].history.in_doubt = true; },
        [](operation& op) { op.steps[0].outcome.vendor.message = "not UTF-8: \xFF\xC3"; },
        [](operation& op) { op.steps[0].outcome.vendor.code = 0; },
        [](operation& op) {
            op.steps.clear(), op.first_step = {0, 0, 0, 0};
        },
    };
    for (const auto& edit : edits) {
        operation op = rich();
        edit(op);
        BOOST_TEST_CONTEXT("edit " << &edit - edits.data()) {
            check_round_trip(op);
        }
    }
}

BOOST_AUTO_TEST_CASE(each_word_of_each_set_survives) {
    operation op = rich();
    for (std::size_t i = 0; i < step_status_count; ++i)
        op.steps[i].outcome.status = static_cast<step_status>(i);
    op.what.customers[0].identifiers.clear();
    for (const identifier_kind kind : all_identifier_kinds)
        op.what.customers[0].identifiers.push_back({kind, "v"});
    for (std::size_t i = 0; i < action_count; ++i)
        op.steps[0].blocked_by.push_back(static_cast<action>(i));
    check_round_trip(op);
}

BOOST_AUTO_TEST_CASE(columns_stay_and_the_way_through_the_lanes_starts_anew) {
    operation op = rich();
    op.steps[0].stage = stage::in_flight;
    op.steps[0].generation = 3;
    op.steps[0].decided.emplace();
    operation read;
    read.id = "01JD2M7Q0R8W2C5V9T3K6H4XNB";
    read.caller = "crm";
    read.created_at = wall_time(std::chrono::milliseconds(7));
    read.steps.resize(3);
    BOOST_REQUIRE(!journal::decode(journal::encode(op), read).has_error());
    BOOST_TEST(same(op, read));
    BOOST_TEST(read.id == "01JD2M7Q0R8W2C5V9T3K6H4XNB");
    BOOST_TEST(read.caller == "crm");
    BOOST_TEST(read.created_at.time_since_epoch().count() == 7);
    for (const step& s : read.steps)
        BOOST_TEST((s.stage == stage::held && s.generation == 0 && !s.decided));
}

BOOST_AUTO_TEST_CASE(every_code_is_read_as_it_was_written_and_so_are_those_of_earlier_releases) {
    operation op = rich();
    for (std::size_t i = 0; i < outcome_code_count; ++i) {
        op.steps[1].outcome.code = static_cast<outcome_code>(i);
        operation read;
        BOOST_REQUIRE(!journal::decode(journal::encode(op), read).has_error());
        BOOST_TEST((read.steps[1].outcome.code == op.steps[1].outcome.code));
    }
    op.steps[1].outcome.code = outcome_code::promotion_inactive;
    operation old;
    const std::string text = replaced(journal::encode(op), "promotion_inactive", "vendor_throttled");
    BOOST_REQUIRE(!journal::decode(text, old).has_error());
    BOOST_TEST(to_string(old.steps[1].outcome.code) == "vendor_busy");
}

BOOST_AUTO_TEST_CASE(an_identifier_stands_once_where_it_can) {
    const std::string text = journal::encode(rich());
    BOOST_TEST(text.find("jo@example.com") == text.rfind("jo@example.com"));
    BOOST_TEST(text.find("\"status\":\"pending\"") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(changes_are_read_as_they_were_written) {
    std::vector<change> all(3);
    all[0].step = 7;
    all[0].outcome = {step_status::failed, outcome_code::vendor_auth, true, everything_said()};
    all[0].attempts = 12;
    all[1].outcome = {step_status::skipped, outcome_code::gate_shut, false, {}};
    all[1].blocked_by = {action::forget, action::delink};
    all[2].step = std::numeric_limits<std::uint32_t>::max();
    all[2].history = {1, true, true};
    for (const std::vector<change>& list : {all, std::vector<change>(), {all[1]}}) {
        const auto read = journal::decode_changes(journal::encode(list));
        BOOST_REQUIRE(read.has_value());
        BOOST_TEST(same(*read, list));
    }
}

BOOST_AUTO_TEST_CASE(a_change_replaces_what_a_step_was) {
    operation op = rich();
    change settled;
    settled.step = 1;
    settled.outcome = {step_status::succeeded, outcome_code::revoked, false, {}};
    settled.attempts = 4;
    change tried;
    tried.step = 4;
    tried.history.in_doubt = true;
    tried.outcome.code = outcome_code::vendor_error;
    BOOST_REQUIRE(!journal::apply({settled, tried}, op).has_error());
    BOOST_TEST(same(op.steps[1].outcome, settled.outcome));
    BOOST_TEST(op.steps[1].attempts == 4U);
    BOOST_TEST((op.steps[1].history == history{}));
    BOOST_TEST(op.steps[4].history.in_doubt);
    BOOST_TEST(to_string(op.steps[4].outcome.code) == "vendor_error");
    BOOST_TEST(op.steps[4].who.has_value());
}

BOOST_AUTO_TEST_CASE(changes_of_a_step_that_is_not_there_change_nothing) {
    operation op = rich();
    std::vector<change> changes(2);
    changes[0].outcome.status = step_status::succeeded;
    changes[1].step = static_cast<std::uint32_t>(op.steps.size());
    const auto done = journal::apply(changes, op);
    BOOST_REQUIRE(done.has_error());
    BOOST_TEST((done.error() == errc::journal_unavailable));
    BOOST_TEST(same(op, rich()));
}

BOOST_AUTO_TEST_CASE(an_erased_person_is_in_no_byte_of_the_record) {
    operation op = rich();
    op.steps[0].outcome.vendor.message = "jo@example.com is queued";
    journal::erase_person(op);
    const std::string text = journal::encode(op);
    for (const char* said : {"jo@example.com", "sam@", "0049151", "423927867", "1e400", "960", "974", "Kunde",
                             "reason", "is queued", "crm-8841"})
        BOOST_TEST(text.find(said) == std::string::npos, said);
    for (const char* kept : {"WEBSITE", "8903", "forget-in-billing", "promotion_inactive", "capillary_id"})
        BOOST_TEST(text.find(kept) != std::string::npos, kept);
    BOOST_TEST(op.steps[0].who.has_value());
    check_round_trip(op);
}

BOOST_AUTO_TEST_CASE(a_record_cut_short_anywhere_is_refused) {
    const std::string text = journal::encode(rich());
    for (std::size_t size = 0; size < text.size(); ++size)
        BOOST_TEST(unreadable(std::string_view(text).substr(0, size)), "cut at " << size);
    std::vector<change> changes(1);
    changes[0].outcome.vendor = everything_said();
    const std::string changed = journal::encode(changes);
    for (std::size_t size = 0; size < changed.size(); ++size)
        BOOST_TEST(unreadable_changes(std::string_view(changed).substr(0, size)), "cut at " << size);
}

BOOST_AUTO_TEST_CASE(what_writing_does_not_make_is_refused) {
    operation op = rich();
    op.steps[1].outcome.code = outcome_code::promotion_invalid;
    const std::string text = journal::encode(op);
    const std::vector<std::pair<std::string_view, std::string_view>> accidents = {
        {"\"v\":1,", ""},
        {"\"v\":1", "\"v\":2"},
        {"\"v\":1", "\"v\":\"1\""},
        {"\"v\":1", "\"v\":1.0"},
        {"\"v\":1", "\"v\":1,\"w\":1"},
        {"\"gate\":\"settled\"", "\"gate\":\"all_ok\""},
        {"\"gate\":\"settled\"", "\"gate\":\"ajar\""},
        {"\"gate\":\"settled\"", "\"gate\":1"},
        {"\"dry_run\":false", "\"dry_run\":0"},
        {"\"lapse\":true", "\"lapse\":false"},
        {"\"keep\":[", "\"keep\":[7,"},
        {"\"customer\":1", "\"customer\":3"},
        {"\"customer\":1", "\"customer\":2"},
        {"\"customer\":1", "\"customer\":-1"},
        {"\"customer\":1", "\"customer\":4294967297"},
        {"\"target\":1", "\"target\":2"},
        {"\"attempts\":3", "\"attempts\":4294967296"},
        {"\"attempts\":3", "\"attempts\":0"},
        {"\"attempts\":3", "\"attempts\":3.5"},
        {"\"lost\":2", "\"lost\":-2"},
        {"\"entity_id\":-423927867", "\"entity_id\":18446744073709551615"},
        {"\"revoked_earn_ids\":[974", "\"revoked_earn_ids\":[\"974\""},
        {"\"action\":\"mention_me.lapse\"", "\"action\":\"mention_me.elapse\""},
        {"\"action\":\"mention_me.lapse\",", ""},
        {"\"who\":\"email\"", "\"who\":\"billing_customer_id\""},
        {"\"who\":\"email\"", "\"who\":[\"email\"]"},
        {"\"who\":\"email\"", "\"who\":[\"email\",\"a\",\"email\",\"b\"]"},
        {"[\"mobile\",\"0049151\"", "[\"mobile\",49151"},
        {"[\"mobile\",\"0049151\"", "[\"mobile\""},
        {"\"promotion_invalid\"", "\"Promotion invalid\""},
        {"\"promotion_invalid\"", "\"\""},
        {"\"promotion_invalid\"", "7"},
        {"\"promotion_invalid\"", "\"no_such_code\""},
        {"\"steps\":[", "\"steps\":[null,"},
        {"\"steps\":[", "\"steps\":[[[[[[[[[[]]]]]]]]],"},
        {"\"customers\":[", "\"customers\":{\"a\":["},
    };
    BOOST_REQUIRE(!unreadable(text));
    for (const auto& [from, to] : accidents)
        BOOST_TEST(unreadable(replaced(text, from, to)), from << " -> " << to);
    for (const char* root : {"", "null", "[]", "{}", "1", "{\"v\":1}x", "\"v\""})
        BOOST_TEST(unreadable(root), root);
    for (const char* root : {"", "[]", "{}", "{\"v\":2}", "{\"v\":1,\"changes\":[]}",
                             "{\"v\":1,\"changes\":[{\"step\":4294967296}]}",
                             "{\"v\":1,\"changes\":[{\"step\":0}]}", "{\"v\":1,\"changes\":[{\"steps\":1}]}"})
        BOOST_TEST(unreadable_changes(root), root);
}

BOOST_AUTO_TEST_CASE(damaged_records_are_refused_or_sound) {
    operation codeless = rich(); // codes of nonsense would fill the table of this process
    for (step& s : codeless.steps)
        s.outcome.code = {};
    const std::string whole = journal::encode(codeless);
    std::vector<change> changes(1);
    changes[0].outcome.vendor = everything_said();
    const std::string changed = journal::encode(changes);
    fuzz::engine random(7);
    for (int i = 0; i < 5000; ++i) {
        operation op;
        if (!journal::decode(fuzz::mutated(whole, random), op).has_error()) check_round_trip(op);
        const auto read = journal::decode_changes(fuzz::mutated(changed, random));
        if (read) BOOST_TEST(journal::decode_changes(journal::encode(*read)).has_value());
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_record_codec_test
