// Fills a journal with operations that wait: one customer each, one step (mention_me.lapse) each, by the
// journal's own public interface and as fast as it groups commits. For bench/million.mjs.
//
//   journal_filler JOURNAL KEY_FILE KEY_ID OPERATIONS
#include "offboard/async/task_group.hpp"
#include "offboard/base/ulid.hpp"
#include "offboard/journal/sqlite_journal.hpp"

#include <boost/asio/io_context.hpp>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <random>
#include <stdexcept>

namespace asio = boost::asio;
using namespace offboard;

namespace {

/// Begins under way at once: what a commit may carry. Below the journal's own limit.
constexpr std::size_t at_once = 4'000;

struct real_clock final : clock {
    steady_time now() const override { return std::chrono::steady_clock::now(); }
    wall_time today() const override {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
};

struct plain_random final : random_source {
    std::uint64_t next() override { return engine(); }
    std::mt19937_64 engine{std::random_device{}()};
};

secret read_key(const char* path) {
    std::ifstream file(path);
    std::string hex;
    std::string bytes;
    file >> hex;
    for (std::size_t i = 0; i + 2 <= hex.size(); i += 2) {
        unsigned byte = 0;
        const auto [end, fault] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
        if (fault != std::errc() || end != hex.data() + i + 2) break;
        bytes.push_back(static_cast<char>(byte));
    }
    if (bytes.size() != 32) throw std::runtime_error("the key file must hold 64 hexadecimal digits");
    return secret(std::move(bytes));
}

class filler {
public:
    filler(asio::io_context& io, journal::journal& j, std::uint64_t goal)
        : io_(io), journal_(j), goal_(goal), tasks_(io.get_executor(), log_) {}

    /// Returns when all are on the disk. Throws std::runtime_error when the journal refused one.
    void run() {
        tasks_.spawn("begin", begin());
        io_.run();
        if (refused_ > 0 || begun_ < goal_) throw std::runtime_error("the journal refused operations");
    }

private:
    asio::awaitable<void> begin() {
        const result<void> opened = co_await journal_.opened();
        if (opened.has_error()) co_return;
        for (std::size_t n = 0; n < at_once; ++n)
            tasks_.spawn("fill", worker());
    }

    std::shared_ptr<operation> make() {
        const std::uint64_t n = next_++;
        auto op = std::make_shared<operation>();
        op->created_at = clock_.today();
        op->id = make_ulid(op->created_at, random_);
        op->what.plan_name = "lapse";
        op->what.plan.set(action::lapse);
        customer& who = op->what.customers.emplace_back();
        who.ref = "crm-" + std::to_string(n);
        who.identifiers.push_back({identifier_kind::email, "waiting." + std::to_string(n) + "@example.com"});
        op->steps = expand(op->what, op->first_step);
        return op;
    }

    asio::awaitable<void> worker() {
        while (next_ < goal_ && refused_ == 0) {
            std::shared_ptr<operation> op = make();
            auto begun = co_await journal_.begin(std::move(op), std::nullopt);
            if (begun.has_error()) {
                std::cerr << "begin: " << begun.error().message() << '\n';
                ++refused_;
                co_return;
            }
            ++begun_;
        }
    }

    asio::io_context& io_;
    journal::journal& journal_;
    const std::uint64_t goal_;
    std::uint64_t next_ = 0;
    std::uint64_t begun_ = 0;
    std::uint64_t refused_ = 0;
    real_clock clock_;
    plain_random random_;
    telemetry::log log_;
    async::task_group tasks_;
};

int fill(const char* path, const char* key_file, const char* key_id, std::uint64_t operations) {
    asio::io_context io;
    const real_clock clock;
    telemetry::log log;
    journal::sqlite_settings settings;
    settings.path = path;
    settings.retention = std::chrono::hours(24 * 7);
    settings.keep_keys = std::chrono::hours(24 * 7);
    settings.keys.push_back({key_id, read_key(key_file)});
    const auto journal = journal::open_sqlite_journal(io, std::move(settings), clock, log);
    const steady_time begun = clock.now();
    filler(io, *journal, operations).run();
    const journal::journal::figures counted = journal->counted();
    journal->close();
    const std::chrono::duration<double> took = clock.now() - begun;
    std::printf("%llu operations in %.1f s, %llu commits\n", static_cast<unsigned long long>(operations),
                took.count(), static_cast<unsigned long long>(counted.commits));
    return 0;
}

} // namespace

int main(int argc, char** argv) try {
    if (argc != 5) throw std::runtime_error("usage: journal_filler JOURNAL KEY_FILE KEY_ID OPERATIONS");
    return fill(argv[1], argv[2], argv[3], std::stoull(argv[4]));
} catch (const std::exception& e) {
    std::cerr << "journal_filler: " << e.what() << '\n';
    return 2;
}
