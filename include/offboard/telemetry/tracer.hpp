#pragma once

#include "offboard/base/random.hpp"
#include "offboard/telemetry/metrics.hpp"
#include "offboard/telemetry/span.hpp"
#include "offboard/telemetry/trace_context.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace offboard::telemetry {

/// Makes trace contexts, and holds ended spans until the exporter takes them. One per
/// process, made by app and handed down by reference; network thread only.
///
/// Bounded, and never in the way: a span that finds no room is dropped and counted. Without a collector no
/// span is kept at all, traces of our own are not sampled, and callers' traces are carried on as ever.
class tracer {
public:
    static constexpr std::size_t most_spans = 2048;
    static constexpr std::size_t batch_spans = 512;
    /// Of one batch, so that what is encoded in one go stays small.
    static constexpr std::size_t batch_links = 4096;

    /// `share` of the traces that begin here is sampled, 0 to 1; nothing: there is no collector.
    tracer(random_source&, metrics&, std::optional<double> share);
    tracer(const tracer&) = delete;
    tracer& operator=(const tracer&) = delete;

    /// True when spans of this context are kept. Otherwise no span needs to be made.
    bool keeps(const trace_context& c) const noexcept { return exports_ && c.sampled && c.exists(); }
    bool exports() const noexcept { return exports_; }

    trace_context begin() { return begin_trace(random_, share_); }
    trace_context carry_on(std::string_view traceparent) {
        return continue_trace(traceparent, random_, share_);
    }
    trace_context below(const trace_context& parent) { return telemetry::below(parent, random_); }
    /// A trace of our own that is taken whatever the share says.
    trace_context begin_sampled() { return begin_trace(random_, 1); }

    /// Drops the span when its context is not kept, or there is no room.
    void record(span);

    /// The oldest spans, at most a batch of them.
    std::vector<span> take();
    std::size_t size() const noexcept { return spans_.size(); }

    /// Called when another batch is full. It may not call back. Empty: no call.
    void on_full_batch(std::function<void()> tell) { tell_ = std::move(tell); }

private:
    random_source& random_;
    metrics& metrics_;
    const bool exports_;
    const double share_;
    std::deque<span> spans_;
    std::function<void()> tell_;
};

} // namespace offboard::telemetry
