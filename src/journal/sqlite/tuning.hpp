#pragma once

#include "offboard/journal/sqlite_journal.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace offboard::journal::sqlite {

/// What no configuration sets: constants of the journal, which tests make small.
struct tuning {
    std::string vfs;                             ///< SQLite's way to the system; empty: the usual one
    std::chrono::milliseconds first_look{5'000}; ///< for the disk to answer before we go on without it
    std::chrono::milliseconds retry_every{500};  ///< while there is trouble
    std::chrono::milliseconds sweep_every{60'000};
    std::size_t sweep_at_once = 200;   ///< operations a transaction
    std::size_t most_waiting = 10'000; ///< calls on their way to the thread; more begins are refused
    /// Of the tail, before they are put into the tables: 2 MiB, some two thousand small operations, which
    /// take the thread some 20 ms; so much again at start-up.
    std::int64_t tail_slots = 512;
    int checkpoint_pages = 4000; ///< of the log, before they are copied into the file
};

/// The journal, and what tests ask of it beside.
class sqlite_journal : public journal {
public:
    /// Forgets now what is due: how many operations lost their person.
    virtual boost::asio::awaitable<result<std::size_t>> sweep() = 0;
};

std::unique_ptr<sqlite_journal> open(boost::asio::io_context&, sqlite_settings, const clock&, telemetry::log&,
                                     tuning);

} // namespace offboard::journal::sqlite
