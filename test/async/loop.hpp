#pragma once

#include "offboard/telemetry/log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>

namespace offboard::test {

/// A loop and a log that says nothing. run() drives one coroutine to its end.
struct loop {
    boost::asio::io_context io{1};
    telemetry::log log{telemetry::level::error};

    void run(boost::asio::awaitable<void> work) {
        std::exception_ptr thrown;
        bool done = false;
        boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr e) {
            thrown = e;
            done = true;
        });
        io.run_for(std::chrono::seconds(60));
        BOOST_REQUIRE_MESSAGE(done, "the coroutine never ended");
        if (thrown) std::rethrow_exception(thrown);
    }
};

inline std::chrono::steady_clock::time_point much_later() {
    return std::chrono::steady_clock::now() + std::chrono::seconds(30);
}

} // namespace offboard::test
