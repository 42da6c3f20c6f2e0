#include "backlog_loader.hpp"

#include "offboard/async/sleep.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>

namespace asio = boost::asio;

namespace offboard::dispatch {

namespace {

/// How long the loader waits when the journal cannot be read.
constexpr auto read_pause = std::chrono::seconds(1);

/// The loader's pause after a round that passed operations over, for their vendors' steps fill their room:
/// this long, and as many times as long as its reads took. Else each step that settles would start another
/// round, and a large backlog would be read all the time.
constexpr auto round_pause = std::chrono::seconds(5);
constexpr int times_of_reading = 10;

} // namespace

void backlog_loader::restore_budgets(const config::settings& settings) {
    vendors_.each([&](vendor_driver& d) {
        const config::vendor_settings& s = *settings.of(d.to());
        const duration span = s.budget.per + s.timeout;
        d.restore(
            journal_.departed_since(time_.today() - std::chrono::ceil<std::chrono::milliseconds>(span)));
    });
}

asio::awaitable<void> backlog_loader::run(const config::settings& settings) {
    const result<void> opened = co_await journal_.opened();
    if (opened.has_error()) co_return; // the process ends
    // From here on others may begin and send: nothing is awaited before the budgets know what was spent.
    restore_budgets(settings);
    const journal::backlog left = journal_.left_behind();
    live_.set.park(left.operations, left.steps);
    if (left.operations > 0)
        log_.info("resuming what an earlier process left",
                  {{"operations", left.operations}, {"steps", left.steps}});
    if (journal_.durable()) co_await load();
}

void backlog_loader::adopt_page(const std::vector<std::shared_ptr<operation>>& page, round& r) {
    for (const std::shared_ptr<operation>& op : page) {
        r.found_any = true;
        // Others that need vendors with room are not held up by this one.
        if (!live_.set.has_room(*op, engine::purpose::work)) {
            r.passed_over = true;
            continue;
        }
        live_.set.unpark(op->steps.size());
        driver_.adopt(op, {}, false);
    }
}

asio::awaitable<void> backlog_loader::load() {
    engine::working_set& set = live_.set;
    const engine::window& bounds = set.bounds();
    journal::cursor at;
    round r;
    r.found_any = true; // the first round begins in the middle
    while (!halted_) {
        if (set.parked() == 0 || !set.may_load()) {
            const bool told = co_await live_.changed.wait_until(steady_time::max());
            if (!told) co_return;
            continue;
        }
        set.read_begins();
        const steady_time asked = time_.now();
        auto read = co_await journal_.unsettled(at, bounds.page_operations, bounds.page_steps);
        const std::unordered_set<std::string> settled = set.read_ends();
        r.reading += time_.now() - asked;
        if (read.has_error()) {
            const bool slept = co_await async::sleep_for(read_pause);
            if (!slept) co_return;
            continue;
        }
        if (halted_) co_return;
        std::erase_if(read->operations, [&](const std::shared_ptr<operation>& op) {
            return live_.find(op->id) || settled.contains(op->id) || set.is_beginning(op->id);
        });
        adopt_page(read->operations, r);
        driver_.pump();
        live_.brought_in.notify_all();
        at = read->next;
        if (!read->last) continue;
        // Round again for what was parked behind the cursor; when a whole round finds nothing there is
        // nothing.
        at = {};
        if (!r.found_any) set.found_none();
        const round done = std::exchange(r, {});
        if (done.passed_over) {
            const bool slept =
                co_await async::sleep_for(std::max<duration>(round_pause, times_of_reading * done.reading));
            if (!slept) co_return;
        }
    }
}

asio::awaitable<result<live_pointer>> backlog_loader::bring_in(std::string id, engine::purpose why) {
    // The caller would wait for the disk, and be told nothing.
    if (!journal_.trouble().empty()) co_return errc::journal_unavailable;
    engine::working_set& set = live_.set;
    result<std::shared_ptr<operation>> found = errc::not_found;
    for (bool current = false; !current;) {
        if (live_pointer live = live_.find(id)) co_return live;
        set.read_begins();
        found = co_await journal_.find(id);
        const std::unordered_set<std::string> settled = set.read_ends();
        if (live_pointer live = live_.find(id)) co_return live;
        if (found.has_error()) co_return found.error();
        // Brought in and settled by others while it was being read: what was read is out of date.
        current = !settled.contains(id);
    }
    if (set.is_beginning(id)) co_return errc::not_found; // its id has not been told yet
    if (why == engine::purpose::work && !set.has_room(**found, why)) co_return errc::queue_full;
    if (!(*found)->settled_at) set.unpark((*found)->steps.size());
    live_pointer live = driver_.adopt(*found, {}, false);
    live_.brought_in.notify_all();
    co_return live;
}

} // namespace offboard::dispatch
