#pragma once

#include "offboard/async/offload.hpp"
#include "offboard/base/document.hpp"
#include "offboard/config/settings.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace offboard::api {

/// What a valid body of POST /offboard can have of each: 1,000 customers with 1,000 earn_ids apiece, and less
/// than 100 values of another kind each.
inline constexpr json_bounds body_bounds = {.kept = 1001, .values = 1'100'000};

/// A body of JSON and what was made of it. `value` may be used when it is JSON and `faults` is empty.
template <class Value>
struct reading {
    std::optional<json_fault> broken; ///< it is no JSON, or has too many values
    fault_list faults;
    Value value{};
};

/// Reads JSON that strangers sent; a byte order mark before it is skipped. Any thread.
inline std::optional<document> parse_body(std::string_view text, std::optional<json_fault>& broken) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    const std::size_t skipped = text.starts_with(mark) ? mark.size() : 0;
    json_fault fault;
    auto out = parse_json(text.substr(skipped), fault, body_bounds);
    if (!out) {
        fault.offset += skipped;
        broken = std::move(fault);
    }
    return out;
}

/// Reads bodies of one kind. A long one is read on a thread of the pool's: a body of 4 MiB takes a tenth of a
/// second, for which nothing else could be done.
template <class Value>
class body_reader {
public:
    /// Adds what is wrong to the list. Called on any thread: it may use what never changes of the settings.
    using meaning = Value (*)(const document&, const config::settings&, fault_list&);

    body_reader(meaning of, const config::settings& settings) : of_(of), settings_(settings) {}

    reading<Value> operator()(std::string_view body) const {
        reading<Value> out;
        const std::optional<document> root = parse_body(body, out.broken);
        if (root) out.value = of_(*root, settings_, out.faults);
        return out;
    }

private:
    meaning of_;
    const config::settings& settings_;
};

/// A reader with the text it reads, which outlives a caller that is cancelled.
template <class Value>
class body_job {
public:
    body_job(body_reader<Value> reader, std::shared_ptr<const std::string> text)
        : reader_(reader), text_(std::move(text)) {}
    /// By pointer: what was read need not be copied from one thread to the other.
    std::shared_ptr<reading<Value>> operator()() const {
        return std::make_shared<reading<Value>>(reader_(*text_));
    }

private:
    body_reader<Value> reader_;
    std::shared_ptr<const std::string> text_;
};

/// Bytes. What is shorter takes about a millisecond, less than the way to another thread may.
inline constexpr std::size_t long_body = 32u << 10;

/// What the body says; `body` is as before when this returns. Null when the caller was cancelled.
template <class Value>
boost::asio::awaitable<std::shared_ptr<reading<Value>>>
read_body(async::offload_pool& helper, std::string& body, body_reader<Value> reader) {
    std::shared_ptr<reading<Value>> out;
    if (body.size() <= long_body) {
        out = std::make_shared<reading<Value>>(reader(body));
        co_return out;
    }
    auto text = std::make_shared<std::string>(std::move(body));
    body_job<Value> job(reader, text);
    auto made = co_await helper.run(std::move(job));
    if (!made) co_return out;
    body = std::move(*text);
    out = std::move(*made);
    co_return out;
}

} // namespace offboard::api
