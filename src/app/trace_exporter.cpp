#include "trace_exporter.hpp"

#include "offboard/async/is_cancelled.hpp"
#include "offboard/policy/backoff.hpp"
#include "offboard/vendors/codec.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace offboard::app {

namespace {

constexpr std::size_t most_answer_bytes = 64u << 10;
/// The clock of the calendar is read again for each batch, and only believed when it has been set: spans of
/// two batches keep their order.
constexpr duration clock_was_set = std::chrono::milliseconds(100);

http::client_settings client_settings_of(const config::tracing_settings& s) {
    http::client_settings out;
    out.name = "collector";
    out.host = s.collector.host;
    out.port = s.collector.port;
    out.tls = s.collector.tls;
    out.roots = s.roots;
    out.most_connections = 1;
    out.most_answer_bytes = most_answer_bytes;
    return out;
}

/// A batch that arrives twice has the same ids.
bool repeatable() {
    return true;
}

} // namespace

trace_exporter::trace_exporter(asio::io_context& io, const config::tracing_settings& s,
                               telemetry::otlp::resource from, telemetry::tracer& t, const clock& c,
                               random_source& random, telemetry::log& log, telemetry::metrics& m,
                               export_pace pace)
    : target_(s.collector.path), timeout_(s.timeout), resource_(std::move(from)), tracer_(t), clock_(c),
      random_(random), log_(log), metrics_(m), pace_(pace), roots_(s.roots), headers_(s.headers),
      client_(io, client_settings_of(s), log), tasks_(io.get_executor(), log), moment_{c.now(), c.today()} {
    tracer_.on_full_batch([this] { wanted_.notify_all(); });
}

trace_exporter::~trace_exporter() {
    tracer_.on_full_batch({});
}

void trace_exporter::use(const config::tracing_settings& now) {
    headers_ = now.headers;
    if (now.roots == roots_) return;
    client_.trust(now.roots);
    roots_ = now.roots;
}

void trace_exporter::start() {
    tasks_.spawn("export spans", run());
}

asio::awaitable<void> trace_exporter::stop(steady_time deadline) {
    stopping_ = true;
    until_ = deadline;
    wanted_.notify_all();
    const bool ended = co_await tasks_.join_until(deadline);
    if (!ended) tasks_.cancel();
    co_await tasks_.join();
    co_await client_.stop();
    const std::size_t left = tracer_.size();
    if (left == 0) co_return;
    drop(left, "shutdown");
    log_.warn("spans not exported before the end", {{"spans", left}});
}

asio::awaitable<void> trace_exporter::run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    steady_time next = clock_.now() + pace_.every;
    for (;;) {
        if (!stopping_ && tracer_.size() < telemetry::tracer::batch_spans) co_await wanted_.wait_until(next);
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (async::is_cancelled(state)) co_return;
        const bool last = stopping_;
        const bool due = last || clock_.now() >= next;
        if (due) next = clock_.now() + pace_.every;
        std::size_t here = tracer_.size();
        if (!due) here -= here % telemetry::tracer::batch_spans;
        while (here > 0 && (!last || clock_.now() < until_)) {
            std::vector<telemetry::span> batch = tracer_.take();
            here -= std::min(here, batch.size());
            co_await deliver(std::move(batch));
            const asio::cancellation_state now = co_await asio::this_coro::cancellation_state;
            if (async::is_cancelled(now)) co_return;
        }
        if (last) co_return;
    }
}

asio::awaitable<void> trace_exporter::deliver(std::vector<telemetry::span> batch) {
    const std::size_t spans = batch.size();
    const std::string body = telemetry::otlp::encode(batch, resource_, now());
    batch = {};
    for (unsigned tries = 1;; ++tries) {
        const bool last = stopping_;
        outgoing_request request;
        request.method = "POST";
        request.target = target_;
        request.headers.emplace_back("Content-Type", "application/json");
        request.headers.emplace_back("Accept", "application/json");
        for (const auto& [name, value] : headers_)
            request.headers.emplace_back(name, std::string(value.reveal()));
        request.body = body;
        const steady_time deadline = std::min(clock_.now() + timeout_, until_);
        http::may_repeat repeat = repeatable;
        auto answer = co_await client_.exchange(std::move(request), deadline, std::move(repeat));
        duration pause{};
        if (judge(answer, spans, tries, pause) != fate::again) co_return;
        const steady_time again = clock_.now() + pause;
        asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        while (!stopping_ && !async::is_cancelled(state) && clock_.now() < again) {
            co_await wanted_.wait_until(again);
            state = co_await asio::this_coro::cancellation_state;
        }
        if (last || async::is_cancelled(state) || clock_.now() >= until_) co_return drop(spans, "shutdown");
    }
}

trace_exporter::fate trace_exporter::judge(const result<incoming_response>& answer, std::size_t spans,
                                           unsigned tries, duration& pause) {
    const unsigned status = answer.has_value() ? answer->status : 0;
    if (status / 100 == 2) {
        if (std::exchange(in_trouble_, false)) log_.info("spans are exported again");
        const auto rejected = static_cast<std::size_t>(
            std::min<std::uint64_t>(telemetry::otlp::rejected_spans(answer->body), spans));
        if (rejected > 0) drop(rejected, "rejected");
        metrics_.count_spans("exported", spans - rejected);
        return fate::delivered;
    }
    const bool later = answer.has_error() || telemetry::otlp::may_send_again(status);
    tell_trouble(answer.has_error() ? telemetry::reason_of(to_errc(answer.error())).text() : "refused",
                 status);
    if (!later || tries >= pace_.most_tries) {
        drop(spans, later ? telemetry::word("unavailable") : telemetry::word("refused"));
        return fate::dropped;
    }
    pause = pause_after(tries);
    if (answer.has_value())
        if (const auto asked = vendors::asked_pause(*answer, clock_.today())) pause = *asked;
    pause = std::min(pause, pace_.longest_pause);
    return fate::again;
}

duration trace_exporter::pause_after(unsigned tries) {
    const policy::backoff growing{pace_.first_pause, pace_.longest_pause};
    // At least half of it: a collector that comes back is not met by all processes at once, nor too soon.
    const duration drawn = growing.wait(tries, random_);
    return std::max(drawn, pace_.first_pause / 2);
}

const telemetry::otlp::moment& trace_exporter::now() {
    const telemetry::otlp::moment read{clock_.now(), clock_.today()};
    const auto off = std::chrono::nanoseconds(read.unix_nanos(read.steady) - moment_.unix_nanos(read.steady));
    if (std::chrono::abs(off) > clock_was_set) moment_ = read;
    return moment_;
}

void trace_exporter::drop(std::size_t spans, telemetry::word why) {
    metrics_.count_spans(why, spans);
}

void trace_exporter::tell_trouble(std::string_view why, unsigned status) {
    if (std::exchange(in_trouble_, true)) return;
    log_.warn("spans are not exported", {{"reason", why}, {"status", status}});
}

} // namespace offboard::app
