#pragma once

#include "exchange.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

/// How the bytes of an answer leave; everything but `whole` and `close_after` breaks HTTP on purpose.
enum class delivery {
    whole,
    truncated,         ///< Content-Length promises more than comes, then the connection closes
    cut,               ///< closed before the first byte
    cut_after_headers, ///< closed behind the header
    cut_mid_body,      ///< closed in the middle of the body
    stall,             ///< nothing, until the faults are cleared or the client goes
    reset,             ///< RST
    close_after        ///< a keep-alive answer, then closed: a pooled connection goes stale
};

/// One fault as it was asked for by `POST /sandbox/faults`.
struct fault {
    /// lapse, purge, read_back, revoke, delink, forget, mention_me_token, capillary_token, any.
    std::string call = "any";
    /// Calls it applies to; 0 means until cleared.
    std::uint64_t times = 1;
    /// Matching calls it lets pass first.
    std::uint64_t skip = 0;
    /// Only calls whose body contains this.
    std::string match;
    std::string kind;
    micros latency = micros(0);
    std::optional<unsigned> status;
    /// One for each application in turn; 200 means an ordinary answer.
    std::vector<unsigned> statuses;
    std::optional<std::string> body;
    std::string content_type;
    std::vector<header_field> headers;
    /// Item code for `one_entry` and `result_with_errors`.
    std::optional<std::int64_t> code;
    /// Seconds told by `rate_limited`.
    std::int64_t retry_after = 1;
    std::optional<bool> act;
    std::uint64_t used = 0;

    /// The status this application is to give, if any.
    [[nodiscard]] std::optional<unsigned> wanted_status() const;

    /// Whether the call has its effect although the answer is faulty.
    [[nodiscard]] bool acts() const;

    /// True when the answer is replaced whole rather than bent: the handler's answer is of no use.
    [[nodiscard]] bool replaces() const;

    [[nodiscard]] delivery how() const;
};

/// Reads one fault; on a mistake the result is empty and `why` says what is wrong.
[[nodiscard]] std::optional<fault> parse_fault(const boost::json::object& in, std::string& why);

/// The faults that wait, oldest first. At most 1,000.
class fault_queue {
public:
    /// False when the queue is full.
    bool add(fault f);

    void clear();

    /// The first fault that fits, with one application taken from it. Its `used` tells which application this
    /// is, counted from 0.
    [[nodiscard]] std::optional<fault> draw(std::string_view call, std::string_view body);

    [[nodiscard]] boost::json::array list() const;

private:
    std::deque<fault> waiting_;
};

/// Turns the answer of `call` into the faulty one. The delivery is not its business.
void bend(answer& a, std::string_view call, const fault& f);

/// True for a call of Mention Me; its errors and limits have a shape of their own.
[[nodiscard]] bool is_about_customers(std::string_view call); ///< Mention Me's calls that share one bucket
[[nodiscard]] bool of_mention_me(std::string_view call);
[[nodiscard]] bool of_capillary(std::string_view call);

} // namespace sandbox
