#pragma once

#include "sqlite/tuning.hpp"

#include "offboard/journal/sqlite_journal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <sstream>
#include <stdlib.h>

namespace offboard::journal_test {

namespace asio = boost::asio;

/// Moved by hand, and read by the journal's thread.
struct hand_clock final : clock {
    std::atomic<std::int64_t> ms{1'700'000'000'000};
    steady_time now() const override { return steady_time(); }
    wall_time today() const override { return wall_time(std::chrono::milliseconds(ms)); }
    void pass(std::chrono::milliseconds by) { ms += by.count(); }
};

inline journal::master_key key_named(std::string id, char fill = 'k') {
    journal::master_key out;
    out.id = std::move(id);
    out.key = secret(std::string(32, fill));
    return out;
}

inline journal::idempotency key_of(std::string caller, std::string key, std::string fingerprint) {
    journal::idempotency out;
    out.caller = std::move(caller);
    out.key = std::move(key);
    out.fingerprint = std::move(fingerprint);
    return out;
}

/// One customer with an e-mail address made of the id, and a step for each of lapse and forget.
inline std::shared_ptr<operation> made(const std::string& id, std::size_t customers = 1) {
    auto op = std::make_shared<operation>();
    op->id = id;
    op->caller = "shop";
    op->created_at = wall_time(std::chrono::milliseconds(1'700'000'000'000));
    op->what.plan.set(action::lapse);
    op->what.plan.set(action::forget);
    for (std::size_t i = 0; i < customers; ++i) {
        customer c;
        c.ref = "ref-" + std::to_string(i);
        c.identifiers = {{identifier_kind::email, id + "." + std::to_string(i) + "@example.com"},
                         {identifier_kind::billing_customer_id, id + "-bill-" + std::to_string(i)}};
        op->what.customers.push_back(std::move(c));
    }
    op->steps = expand(op->what, op->first_step);
    return op;
}

inline journal::change change_to(std::uint32_t step, step_status status, outcome_code code,
                                 std::uint32_t attempts = 1) {
    journal::change c;
    c.step = step;
    c.outcome.status = status;
    c.outcome.code = code;
    c.attempts = attempts;
    return c;
}

inline std::vector<journal::progress_record> record_of(const std::string& id,
                                                       std::vector<journal::change> changes,
                                                       std::optional<wall_time> settled = std::nullopt) {
    std::vector<journal::progress_record> out(1);
    out.front().id = id;
    out.front().changes = std::move(changes);
    out.front().settled_at = settled;
    return out;
}

inline journal::departure leaving(const std::string& id, std::uint32_t step, wall_time at) {
    journal::departure d;
    d.to = vendor::billing;
    d.at = at;
    d.steps.emplace_back(id, step);
    return d;
}

/// One statement on a file that no journal has open; the last column of its last row.
inline std::string raw_sql(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* db = nullptr;
    std::string out;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    const auto keep = [](void* into, int count, char** columns, char**) {
        *static_cast<std::string*>(into) = columns[count - 1] ? columns[count - 1] : "";
        return 0;
    };
    BOOST_REQUIRE(sqlite3_exec(db, sql.c_str(), keep, &out, nullptr) == SQLITE_OK);
    sqlite3_close(db);
    return out;
}

/// A file in a directory of its own, a journal on it, and a loop that runs until all is answered.
struct sqlite_fixture {
    hand_clock time;
    telemetry::log log{telemetry::level::error};
    asio::io_context io;
    std::filesystem::path directory;
    std::filesystem::path path;
    journal::sqlite_settings settings;
    journal::sqlite::tuning tuned;
    std::unique_ptr<journal::sqlite::sqlite_journal> j;
    std::optional<result<void>> opened; ///< what opened() said; none: it has not returned

    sqlite_fixture() {
        std::string name = (std::filesystem::temp_directory_path() / "journal-XXXXXX").string();
        BOOST_REQUIRE(::mkdtemp(name.data()));
        directory = name;
        path = directory / "journal.db";
        settings.path = path.string();
        settings.retention = std::chrono::hours(1);
        settings.keep_keys = std::chrono::hours(2);
        settings.keys.push_back(key_named("one"));
        tuned.retry_every = std::chrono::milliseconds(1);
    }
    ~sqlite_fixture() {
        j.reset();
        std::filesystem::remove_all(directory);
    }

    void open() {
        j.reset();
        poll(); // who waited for the earlier one is told
        opened.reset();
        j = journal::sqlite::open(io, settings, time, log, tuned);
        start(j->opened(), opened);
        poll();
    }
    /// Why it does not open.
    std::string refusal() {
        try {
            open();
        } catch (const std::runtime_error& e) {
            return e.what();
        }
        return "opened";
    }

    /// As if the process had been killed now: the files as they are, opened in its place.
    void kill() {
        const std::filesystem::path other = directory / ("killed-" + std::to_string(++killed_) + ".db");
        std::filesystem::copy_file(path, other);
        const std::filesystem::path log_of = path.string() + "-wal";
        if (std::filesystem::exists(log_of)) std::filesystem::copy_file(log_of, other.string() + "-wal");
        j.reset();
        path = other;
        settings.path = path.string();
        open();
    }

    template <class T>
    void start(asio::awaitable<T> what, std::optional<T>& out) {
        asio::co_spawn(io, std::move(what), [&out](std::exception_ptr e, T value) {
            BOOST_REQUIRE(!e);
            out = std::move(value);
        });
    }
    void poll() {
        io.restart();
        io.poll();
    }
    void finish() {
        io.restart();
        io.run();
    }
    template <class T>
    T run(asio::awaitable<T> what) {
        std::optional<T> out;
        start(std::move(what), out);
        io.restart();
        while (!out && io.run_one() > 0) { // others may have to wait longer
        }
        BOOST_REQUIRE(out.has_value());
        return std::move(*out);
    }

    result<journal::begun> begin(std::shared_ptr<operation> op,
                                 std::optional<journal::idempotency> key = std::nullopt) {
        return run(j->begin(std::move(op), std::move(key)));
    }
    result<void> record(std::vector<journal::progress_record> records,
                        std::optional<journal::flight_number> landed = std::nullopt) {
        return run(j->record(std::move(records), landed));
    }
    std::shared_ptr<operation> found(const std::string& id) {
        const auto out = run(j->find(id));
        return out.has_value() ? *out : nullptr;
    }
    std::vector<std::string> lookup(identifier_kind kind, std::string value, std::size_t most = 10) {
        identifier who;
        who.kind = kind;
        who.value = std::move(value);
        return run(j->lookup(std::move(who), most)).value();
    }
    /// Begun, both steps done, settled now.
    void settle(const std::vector<std::string>& ids) {
        std::vector<std::optional<result<journal::begun>>> begun(ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i)
            start(j->begin(made(ids[i]), std::nullopt), begun[i]);
        finish();
        std::vector<std::optional<result<void>>> recorded(ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i) {
            BOOST_REQUIRE(begun[i]->has_value());
            std::vector<journal::change> changes{change_to(0, step_status::accepted, outcome_code::queued),
                                                 change_to(1, step_status::succeeded, outcome_code::erased)};
            changes.back().outcome.vendor.message = ids[i] + " has been erased";
            start(j->record(record_of(ids[i], std::move(changes), time.today()), std::nullopt), recorded[i]);
        }
        finish();
        for (const auto& r : recorded)
            BOOST_REQUIRE(r->has_value());
    }

    /// All bytes of the file and its log.
    std::string raw() const {
        std::string out;
        for (const char* part : {"", "-wal", "-journal"}) {
            std::ifstream in(path.string() + part, std::ios::binary);
            out += (std::ostringstream() << in.rdbuf()).str();
        }
        return out;
    }

private:
    int killed_ = 0;
};

} // namespace offboard::journal_test
