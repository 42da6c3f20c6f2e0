#include "offboard/api/render.hpp"

#include "retry_after.hpp"
#include "why_nothing.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

namespace api_render_test {

using namespace offboard;
using namespace offboard::api;
using namespace std::chrono_literals;
using s = step_status;

namespace {

/// So many customers with a lapse and a forget each.
std::shared_ptr<operation> made(std::size_t customers) {
    auto op = std::make_shared<operation>();
    op->id = "01JD2M7Q0R8W2C5V9T3K6H4XNB";
    op->what.plan.set(action::lapse);
    op->what.plan.set(action::forget);
    for (std::size_t c = 0; c < customers; ++c) {
        customer& who = op->what.customers.emplace_back();
        who.ref = "c-" + std::to_string(c);
        who.identifiers = {{identifier_kind::email, "a@x"}, {identifier_kind::billing_customer_id, "191"}};
    }
    op->steps = expand(op->what, op->first_step);
    return op;
}

void settle(operation& op, s status) {
    for (step& each : op.steps)
        each.outcome.status = status;
    op.settled_at = wall_time(1s);
}

boost::json::object whole(rendering& r, std::size_t steps) {
    while (r.go_on(steps)) {
    }
    return boost::json::parse(r.take()).as_object();
}

std::string_view text(const boost::json::value& v) {
    const auto& t = v.as_string();
    return {t.data(), t.size()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(render_suite)

BOOST_AUTO_TEST_CASE(in_parts_it_is_the_same_as_at_once) {
    const auto op = made(7);
    rendering parts(op);
    rendering once(op);
    BOOST_TEST((whole(parts, 1) == whole(once, 1000)));
    rendering three(op);
    BOOST_TEST(three.go_on(5)); // three customers of two steps
    BOOST_TEST(three.go_on(6));
    BOOST_TEST(!three.go_on(2));
}

BOOST_AUTO_TEST_CASE(what_changes_between_two_parts_is_recounted) {
    const auto op = made(4);
    rendering shown(op);
    BOOST_TEST(shown.go_on(4)); // two customers, pending
    settle(*op, s::succeeded);
    const auto body = whole(shown, 100);
    BOOST_TEST(text(body.at("status")) == "pending");
    BOOST_TEST(!body.contains("settled_at"));
    BOOST_TEST(body.at("summary").at("pending").as_int64() == 2);
    BOOST_TEST(body.at("summary").at("ok").as_int64() == 2);
    BOOST_TEST(body.at("summary").at("customers").as_int64() == 4);

    const auto other = made(4);
    settle(*other, s::succeeded);
    rendering settled(other);
    while (settled.go_on(2)) {
    }
    other->settled_at.reset(); // opened again after the last part
    BOOST_TEST((settled.state() == progress::ok));
    BOOST_TEST(text(boost::json::parse(settled.take()).at("status")) == "ok");
}

BOOST_AUTO_TEST_CASE(a_dry_run_ends_where_it_would_be_too_long) {
    config::settings settings;
    settings.vendors[static_cast<std::size_t>(vendor::mention_me)].emplace().base_url.text = "https://x";
    engine::planned_call call;
    call.step = "mention_me.lapse";
    call.request.body = R"({"a":")" + std::string(1 << 20, 'x') + "\"}";
    const offboarding what;
    BOOST_TEST(render_dry_run(what, std::vector(15, call), settings).has_value());
    BOOST_TEST(!render_dry_run(what, std::vector(16, call), settings).has_value());
    call.request.body = R"({"a":[1,"\""]})";
    const auto shown = boost::json::parse(*render_dry_run(what, {call, call}, settings));
    BOOST_TEST(shown.at("calls").as_array().size() == 2u);
    BOOST_TEST(shown.at("calls").at(1).at("body").at("a").at(0).as_int64() == 1);
}

BOOST_AUTO_TEST_CASE(a_conflict_has_its_reason) {
    const auto retry = [](const operation& op) { return why_nothing_to_retry(op).reason; };
    const auto cancel = [](const operation& op) { return why_nothing_to_cancel(op).reason; };
    const auto op = made(1);
    BOOST_TEST(retry(*op) == "nothing to retry"); // still at work
    BOOST_TEST(cancel(*op) == "not cancellable");
    settle(*op, s::succeeded);
    BOOST_TEST(retry(*op) == "nothing to retry");
    BOOST_TEST(cancel(*op) == "nothing to cancel");
    op->steps[0].outcome.status = s::cancelled;
    BOOST_TEST(retry(*op) == "cancelled");
    BOOST_TEST(cancel(*op) == "cancelled");
    op->steps[1].outcome.status = s::failed;
    BOOST_TEST(retry(*op) == "not retryable");
    op->steps[1].who->value.clear();
    BOOST_TEST(retry(*op) == "erased");
    settle(*op, s::absent);
    op->what.absent = absent_rule::not_ok;
    op->steps[1].who->value = "191";
    BOOST_TEST(retry(*op) == "not retryable");
}

BOOST_AUTO_TEST_CASE(retry_after_is_seconds_or_a_date_in_any_form) {
    const wall_time now{std::chrono::seconds(784'111'717)}; // Sun, 06 Nov 1994 08:48:37 GMT
    const struct {
        std::string_view field, sent;
        std::optional<std::chrono::seconds> expected;
    } rows[] = {
        {"120", "", 120s},
        {" 0 ", "", 0s},
        {"99999999999999999999999", "", 366 * 24h},
        {"Sun, 06 Nov 1994 08:49:37 GMT", "", 60s},
        {"Sunday, 06-Nov-94 08:49:37 GMT", "", 60s},
        {"Sun Nov  6 08:49:37 1994", "", 60s},
        {"Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:07 GMT", 30s},
        {"Sun, 06 Nov 1994 08:49:37 GMT", "yesterday", 60s},
        {"Sun, 06 Nov 1994 08:40:00 GMT", "", 0s},
        {"", "", std::nullopt},
        {"-1", "", std::nullopt},
        {"soon", "", std::nullopt},
        {"1.5", "", std::nullopt},
    };
    for (const auto& row : rows)
        BOOST_TEST((read_retry_after(row.field, row.sent, now) == row.expected), row.field);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace api_render_test
