#include "telemetry/line_writer.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <unistd.h>

namespace telemetry_line_writer_test {

using namespace offboard::telemetry;

namespace {

struct pipe_pair {
    pipe_pair() { BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0); }
    ~pipe_pair() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    bool has_bytes() const {
        pollfd ready{ends[0], POLLIN, 0};
        return ::poll(&ready, 1, 0) == 1;
    }
    /// What is here, without waiting for more.
    std::string read_here() const {
        std::string out;
        std::array<char, 65536> some;
        while (has_bytes()) {
            const ssize_t n = ::read(ends[0], some.data(), some.size());
            if (n <= 0) break;
            out.append(some.data(), static_cast<std::size_t>(n));
        }
        return out;
    }
    std::array<int, 2> ends{};
};

std::string dropped(std::uint64_t lines) {
    return "dropped " + std::to_string(lines) + "\n";
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(telemetry_line_writer, pipe_pair)

BOOST_AUTO_TEST_CASE(lines_keep_their_order_and_are_written_after_a_flush) {
    line_writer writer(ends[1], dropped);
    writer.put("one\n");
    writer.put("two\n");
    writer.flush();
    BOOST_TEST(read_here() == "one\ntwo\n");
    writer.flush(); // nothing is waited for
    writer.put("three\n");
    writer.flush();
    BOOST_TEST(read_here() == "three\n");
}

BOOST_AUTO_TEST_CASE(what_is_put_at_the_end_is_written) {
    { line_writer(ends[1], dropped).put("last\n"); }
    BOOST_TEST(read_here() == "last\n");
}

BOOST_AUTO_TEST_CASE(a_reader_that_does_not_read_costs_lines_and_holds_up_neither_a_caller_nor_the_end) {
    {
        line_writer writer(ends[1], dropped, 100'000);
        const std::string line = std::string(999, 'x') + '\n';
        for (int i = 0; i != 1000; ++i)
            writer.put(line);
        BOOST_TEST(writer.dropped() > 0u);
    } // for a second at most
    const std::string got = read_here();
    BOOST_TEST(got.starts_with("xxx"));
    BOOST_TEST(got.size() < 1'000'000u);
}

BOOST_AUTO_TEST_CASE(dropped_lines_are_told_when_there_is_room_again) {
    line_writer writer(ends[1], dropped, 10);
    writer.put("longer than there is room for\n");
    writer.put("short\n");
    writer.flush();
    BOOST_TEST(read_here() == "dropped 1\nshort\n");
    BOOST_TEST(writer.dropped() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace telemetry_line_writer_test
