#pragma once

#include "vendor_services.hpp"

#include "offboard/base/exchange.hpp"
#include "offboard/engine/batching.hpp"
#include "offboard/engine/event.hpp"
#include "offboard/engine/vendor_queue.hpp"
#include "offboard/policy/line_rate.hpp"
#include "offboard/telemetry/span.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::dispatch {

/// What the log, the metrics and the traces are told of one vendor's calls. Decides nothing. Owned by the
/// vendor's driver; network thread only.
class observer {
public:
    /// `server`: where the calls go, for the log; outlives this, like the services.
    observer(const vendor_services&, vendor, const std::string& server);

    /// What is known of a call beside its events: `reason` in words for the log, and the answer if there is
    /// one.
    struct circumstances {
        const engine::wire_call& call;
        action what = action::lapse;
        std::string_view reason;
        const incoming_response* answer = nullptr;
    };
    void tell(const engine::events&, const circumstances&);
    /// A fault of ours has ended a call.
    void tell_broken(const engine::wire_call&, action, std::string_view reason);
    /// Gauges of the queue, when metrics are read.
    void show(const engine::vendor_queue&);

    /// The call's span, where a reader of traces will see it: below the request that the call serves alone,
    /// else in a trace of its own that points at all of its requests.
    std::optional<telemetry::span> begin_span(const engine::wire_call&, const outgoing_request&,
                                              steady_time begun);
    void end_span(std::optional<telemetry::span>, const result<incoming_response>&);

private:
    void on(const engine::step_retried&, const circumstances&);
    void on(const engine::call_unanswered&, const circumstances&);
    void on(const engine::answer_in_trouble&, const circumstances&);
    void on(const engine::credentials_refused&, const circumstances&);
    void on(const engine::call_split&, const circumstances&);
    void on(const engine::breaker_changed&, const circumstances&);
    void on(const engine::budget_lowered&, const circumstances&);
    void on(const engine::pause_asked&, const circumstances&);
    /// A log line: vendor, step, customers, and the operation when the call serves one alone.
    void line(telemetry::level, std::string_view message, const engine::wire_call&, action,
              std::initializer_list<telemetry::field> more);
    /// The requests that the call serves.
    struct served_requests {
        std::size_t operations = 0;
        bool known = false; ///< one of them at least is of this process
        std::vector<telemetry::trace_context> sampled;
    };
    served_requests requests_of(const engine::wire_call&) const;

    struct line_rates {
        policy::line_rate failed;
        policy::line_rate refused;
    };
    line_rates& rates_of(action a) { return rates_[static_cast<std::size_t>(a)]; }

    const vendor_services& with_;
    const vendor vendor_;
    const std::string& server_;
    std::vector<line_rates> rates_; ///< by action
};

} // namespace offboard::dispatch
