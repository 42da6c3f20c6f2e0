// The disk fails while the journal forgets, copies its log, or says farewell.
#include "faulty_vfs.hpp"
#include "file_contents.hpp"

namespace journal_housekeeping_fault_test {

using namespace offboard;
using namespace offboard::journal_test;
using namespace std::chrono_literals;

namespace {

struct house_fixture : faulty_fixture {
    const std::filesystem::path before = directory / "before.db";

    void lay_out(const std::string& name) {
        j.reset();
        path = directory / (name + ".db");
        settings.path = path.string();
        copy(before, path);
    }

    bool remembers(const std::string& id) { return !found(id)->steps[0].who->value.empty(); }
};

constexpr std::array writing = {faulty::on::write, faulty::on::sync};

} // namespace

BOOST_FIXTURE_TEST_SUITE(housekeeping_fault_suite, house_fixture)

BOOST_AUTO_TEST_CASE(whichever_write_of_a_sweep_fails_it_forgets_later_and_loses_nothing_else) {
    const std::vector<std::string> due = {"due-0", "due-1", "due-2"};
    open();
    settle(due);
    time.pass(30min);
    settle({"young"});
    BOOST_REQUIRE(begin(made("open", 5)).has_value());
    BOOST_REQUIRE(
        record(record_of("open", {change_to(0, step_status::pending, outcome_code::vendor_busy, 3)}))
            .has_value());
    j.reset();
    copy(path, before);
    const std::vector<std::string> keys = keys_in(path, "due%");
    BOOST_REQUIRE(keys.size() == due.size());

    tuned.sweep_every = 1ms;
    for (const faulty::on what : writing) {
        // Two transactions; and one alone, which is all there is when its fsync leaves it in doubt.
        tuned.sweep_at_once = what == faulty::on::sync ? 100 : 2;
        int n = 0;
        for (bool failed = true; failed; ++n) {
            const disk_fault f = nth_fault(what, n);
            BOOST_TEST_CONTEXT(f.name << " at " << n) {
                lay_out(f.name + std::to_string(n));
                open();
                faulty::fail(f.what, f.code, n);
                time.pass(30min);
                while (j->trouble().empty() && remembers("due-2"))
                    settle_down();
                settle_down();
                failed = faulty::failures() > 0;
                if (failed) BOOST_TEST(j->trouble() == f.words);
                faulty::lift();
                recover();
                while (remembers("due-0") || remembers("due-2"))
                    settle_down();
                settle_down();
                const std::string bytes = raw();
                for (const std::string& key : keys)
                    BOOST_TEST(!contains(bytes, key));
                for (int round = 0; round < 2; ++round) {
                    for (const std::string& id : due) {
                        BOOST_TEST(!remembers(id));
                        BOOST_TEST((found(id)->steps[0].outcome.status == step_status::accepted));
                        BOOST_TEST((found(id)->steps[1].outcome.status == step_status::succeeded));
                    }
                    BOOST_TEST(remembers("young"));
                    BOOST_TEST(remembers("open"));
                    BOOST_TEST(found("open")->steps[0].attempts == 3U);
                    BOOST_TEST(j->left_behind().operations == 1U);
                    if (round == 0) open();
                }
                time.pass(-30min);
            }
        }
        BOOST_TEST(n > 3);
    }
}

BOOST_AUTO_TEST_CASE(whichever_write_fails_while_the_log_is_copied_no_answer_is_contradicted) {
    constexpr std::size_t many = 3;
    open();
    j.reset();
    copy(path, before);
    tuned.checkpoint_pages = 1; // after every commit
    for (const faulty::on what : writing) {
        int n = 0;
        for (bool failed = true; failed; ++n) {
            const disk_fault f = nth_fault(what, n);
            BOOST_TEST_CONTEXT(f.name << " at " << n) {
                lay_out(f.name + std::to_string(n));
                open();
                faulty::fail(f.what, f.code, n);
                std::vector<bool> begun(many);
                std::vector<std::optional<result<void>>> recorded(many);
                for (std::size_t i = 0; i < many; ++i) {
                    const std::string id = "op-" + std::to_string(i);
                    begun[i] = begin(made(id, 10)).has_value();
                    settle_down();
                    if (!begun[i]) continue;
                    start(
                        j->record(record_of(id, {change_to(0, step_status::accepted, outcome_code::queued)}),
                                  std::nullopt),
                        recorded[i]);
                    settle_down();
                }
                failed = faulty::failures() > 0;
                if (failed) BOOST_TEST(j->trouble() == f.words);
                faulty::lift();
                recover();
                finish();
                for (int round = 0; round < 2; ++round) {
                    for (std::size_t i = 0; i < many; ++i) {
                        const auto op = found("op-" + std::to_string(i));
                        BOOST_TEST(begun[i] == (op != nullptr));
                        if (!op) continue;
                        BOOST_TEST(recorded[i]->has_value());
                        BOOST_TEST((op->steps[0].outcome.status == step_status::accepted));
                    }
                    if (round == 0) open();
                }
            }
        }
        BOOST_TEST(n > 10);
    }
}

BOOST_AUTO_TEST_CASE(whichever_write_of_the_farewell_fails_the_next_start_finds_everything) {
    for (const faulty::on what : writing) {
        int n = 0;
        for (bool failed = true; failed; ++n) {
            const disk_fault f = nth_fault(what, n);
            BOOST_TEST_CONTEXT(f.name << " at " << n) {
                lay_out(f.name + std::to_string(n));
                open();
                settle({"a"});
                BOOST_REQUIRE(begin(made("b")).has_value());
                faulty::fail(f.what, f.code, n);
                j.reset();
                failed = faulty::lift() > 0;
                open();
                BOOST_TEST(found("a")->settled_at.has_value());
                BOOST_TEST(found("b"));
                BOOST_TEST(j->left_behind().operations == 1U);
            }
        }
        BOOST_TEST(n > 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_housekeeping_fault_test
