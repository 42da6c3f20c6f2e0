// What the journal alone costs: callers that do nothing but begin an operation, depart with it, record its
// outcome, and begin the next; by the journal's own public interface. Figures for people, no test.
//
//   journal_cost FOLDER [OPERATIONS] [CALLERS] [ROUNDS]
//
// FOLDER is where the journal's file is made, on the disk that is to be measured. CPU is user and system time
// of all threads, so it contains what the callers themselves cost: the line of the memory journal shows that.
// Of several rounds each journal is told by the one that took the least CPU: whatever else happens on a
// machine only adds to it.
#include "offboard/async/task_group.hpp"
#include "offboard/base/ulid.hpp"
#include "offboard/journal/sqlite_journal.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <random>
#include <stdexcept>
#include <stdlib.h>
#include <sys/resource.h>

namespace asio = boost::asio;
using namespace offboard;

namespace {

struct real_clock final : clock {
    steady_time now() const override { return std::chrono::steady_clock::now(); }
    wall_time today() const override {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
};

struct plain_random final : random_source {
    std::uint64_t next() override { return engine(); }
    std::mt19937_64 engine{1};
};

/// Processor time of the process until now, in microseconds.
double cpu_used() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto total = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
    };
    return total(used.ru_utime) + total(used.ru_stime);
}

class callers {
public:
    callers(asio::io_context& io, journal::journal& j, std::uint64_t goal)
        : io_(io), journal_(j), goal_(goal), tasks_(io.get_executor(), log_) {}

    void run(std::size_t at_once) {
        for (std::size_t n = 0; n < at_once; ++n)
            tasks_.spawn("call", caller());
        io_.run();
        if (failed_) throw std::runtime_error("the journal refused a call");
    }

private:
    /// The usual one: one customer with three identifiers, and one step.
    std::shared_ptr<operation> make() {
        const std::string n = std::to_string(1'000'000'000 + next_++);
        auto op = std::make_shared<operation>();
        op->created_at = clock_.today();
        op->id = make_ulid(op->created_at, random_);
        op->caller = "bench";
        op->what.plan_name = "lapse";
        op->what.plan.set(action::lapse);
        customer& who = op->what.customers.emplace_back();
        who.identifiers.push_back({identifier_kind::email, "b" + n + "@example.com"});
        who.identifiers.push_back({identifier_kind::capillary_id, n});
        who.identifiers.push_back({identifier_kind::billing_customer_id, n});
        op->steps = expand(op->what, op->first_step);
        return op;
    }

    asio::awaitable<void> caller() {
        const result<void> opened = co_await journal_.opened();
        failed_ = failed_ || opened.has_error();
        while (next_ < goal_ && !failed_) {
            std::shared_ptr<operation> op = make();
            const std::string id = op->id;
            auto begun = co_await journal_.begin(op, std::nullopt);
            failed_ = failed_ || begun.has_error();
            journal::departure leaving;
            leaving.at = clock_.today();
            leaving.steps.emplace_back(id, 0U);
            auto left = co_await journal_.depart(std::move(leaving));
            failed_ = failed_ || left.has_error();
            if (failed_) co_return;
            journal::progress_record r;
            r.id = id;
            r.settled_at = clock_.today();
            journal::change& c = r.changes.emplace_back();
            c.outcome.status = step_status::accepted;
            c.outcome.code = outcome_code::queued;
            c.attempts = 1;
            std::vector<journal::progress_record> records;
            records.push_back(std::move(r));
            auto recorded = co_await journal_.record(std::move(records), *left);
            failed_ = failed_ || recorded.has_error();
        }
    }

    asio::io_context& io_;
    journal::journal& journal_;
    const std::uint64_t goal_;
    std::uint64_t next_ = 0;
    bool failed_ = false;
    real_clock clock_;
    plain_random random_;
    telemetry::log log_;
    async::task_group tasks_;
};

struct figures {
    double cpu = 0; ///< microseconds an operation
    double rate = 0;
    double grouped = 0; ///< entries a commit
};

/// Closing is part of it: nothing that was put off is left out of the figure.
figures measure(asio::io_context& io, journal::journal& j, std::uint64_t operations, std::size_t at_once) {
    const auto begun = std::chrono::steady_clock::now();
    const double before = cpu_used();
    callers(io, j, operations).run(at_once);
    j.close();
    figures out;
    out.cpu = (cpu_used() - before) / static_cast<double>(operations);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    out.rate = static_cast<double>(operations) / took.count();
    const journal::journal::figures counted = j.counted();
    if (counted.commits != 0)
        out.grouped = static_cast<double>(counted.entries) / static_cast<double>(counted.commits);
    return out;
}

figures measure_memory(std::uint64_t operations, std::size_t at_once) {
    asio::io_context io;
    return measure(io, *journal::make_memory_journal(10'000, 100'000), operations, at_once);
}

figures measure_sqlite(const char* where, std::uint64_t operations, std::size_t at_once) {
    const real_clock clock;
    telemetry::log log;
    std::string folder = std::string(where) + "/journal-cost-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr)
        throw std::runtime_error("no folder can be made in " + std::string(where));
    journal::sqlite_settings settings;
    settings.path = folder + "/journal.db";
    settings.retention = std::chrono::hours(24 * 7);
    settings.keep_keys = std::chrono::hours(24 * 7);
    settings.keys.push_back({"bench", secret(std::string(32, 'k'))});
    asio::io_context io;
    const figures out =
        measure(io, *journal::open_sqlite_journal(io, std::move(settings), clock, log), operations, at_once);
    std::filesystem::remove_all(folder);
    return out;
}

void tell(const char* name, const figures& f) {
    std::printf("%-7s %6.1f us of CPU an operation, %8.0f operations/s, %5.1f entries a commit\n", name,
                f.cpu, f.rate, f.grouped);
}

} // namespace

int main(int argc, char** argv) try {
    if (argc < 2 || argc > 5)
        throw std::runtime_error("usage: journal_cost FOLDER [OPERATIONS] [CALLERS] [ROUNDS]");
    const auto given = [&](int at, std::uint64_t otherwise) {
        return argc > at ? std::stoull(argv[at]) : otherwise;
    };
    const std::uint64_t operations = given(2, 100'000);
    const std::size_t at_once = given(3, 64);
    std::optional<figures> memory;
    std::optional<figures> sqlite;
    for (std::uint64_t left = given(4, 1); left > 0; --left) {
        const figures of_memory = measure_memory(operations, at_once);
        const figures of_sqlite = measure_sqlite(argv[1], operations, at_once);
        if (!memory || of_memory.cpu < memory->cpu) memory = of_memory;
        if (!sqlite || of_sqlite.cpu < sqlite->cpu) sqlite = of_sqlite;
    }
    if (!memory || !sqlite) throw std::runtime_error("no round, no figure");
    tell("memory", *memory);
    tell("sqlite", *sqlite);
    std::printf("The durable journal costs %.1f us of CPU an operation.\n", sqlite->cpu - memory->cpu);
    return 0;
} catch (const std::exception& e) {
    std::cerr << "journal_cost: " << e.what() << '\n';
    return 2;
}
