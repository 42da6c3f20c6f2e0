#pragma once

#include "exchange.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

/// One vendor call as it was received and answered.
struct call_record {
    std::uint64_t seq = 0;
    std::string call;
    std::string method;
    std::string target;
    std::vector<header_field> headers;
    std::string body;
    bool body_cut = false;
    /// `email:jo@example.com`, in the order sent.
    std::vector<std::string> customers;
    micros started = micros(0);
    micros finished = micros(-1);
    /// 0 until answered, and for ever when nothing was sent.
    unsigned status = 0;
    std::string fault;
};

/// What the sandbox received. The last 20,000 calls are kept, at most 64 MiB of bodies, each up to 64 KiB;
/// counts are of all calls, and starts of the last million per name.
class record {
public:
    /// Notes that a call has arrived; returns its number, from 1.
    std::uint64_t start(std::string_view call, const request& r, micros now);

    /// Notes what is going to be sent. `status` 0 when nothing is.
    void answered(std::uint64_t seq, unsigned status, std::string_view fault);

    /// Notes that the exchange is over: the call is no longer in flight.
    void finished(std::uint64_t seq, micros now);

    /// `{"total", "calls": […]}`, oldest first: those of that name (any when empty) with a number beyond
    /// `after`, at most `limit` of the newest.
    [[nodiscard]] boost::json::object calls(std::string_view call, std::uint64_t after,
                                            std::size_t limit) const;

    /// One object per call name, with `max_in_window` for that window.
    [[nodiscard]] boost::json::object counts(micros window) const;

    [[nodiscard]] const std::deque<call_record>& ring() const { return ring_; }

    void clear();

private:
    struct tally {
        std::uint64_t calls = 0;
        std::uint64_t customers = 0;
        std::uint64_t in_flight = 0;
        std::uint64_t max_in_flight = 0;
        std::uint64_t max_customers = 0;
        std::map<unsigned, std::uint64_t> statuses;
        std::deque<micros> starts;
    };

    call_record* find(std::uint64_t seq);
    void count_start(tally& t, std::size_t customers, micros now);

    std::deque<call_record> ring_;
    std::size_t body_bytes_ = 0;
    std::uint64_t last_ = 0;
    std::map<std::string, tally, std::less<>> tallies_;
    /// Names of calls not finished, by number: the ring may have forgotten them.
    std::map<std::uint64_t, std::string> open_;
};

/// The customers that a call names, by a lenient reading of its body.
[[nodiscard]] std::vector<std::string> customers_in(std::string_view call, std::string_view body);

/// The most starts that any window of that length holds; `starts` ascending.
[[nodiscard]] std::uint64_t max_in_window(const std::deque<micros>& starts, micros window);

} // namespace sandbox
