#include "offboard/telemetry/tracer.hpp"

#include <utility>

namespace offboard::telemetry {

tracer::tracer(random_source& random, metrics& m, std::optional<double> share)
    : random_(random), metrics_(m), exports_(share.has_value()), share_(share.value_or(0)) {
    if (exports_) metrics_.count_spans("exported", 0);
}

void tracer::record(span s) {
    if (!keeps(s.context)) return;
    if (spans_.size() >= most_spans) return metrics_.count_spans("no_room");
    spans_.push_back(std::move(s));
    if (tell_ && spans_.size() % batch_spans == 0) tell_();
}

std::vector<span> tracer::take() {
    std::vector<span> out;
    std::size_t links = 0;
    while (!spans_.empty() && out.size() < batch_spans) {
        links += spans_.front().links.size();
        if (!out.empty() && links > batch_links) break;
        out.push_back(std::move(spans_.front()));
        spans_.pop_front();
    }
    return out;
}

} // namespace offboard::telemetry
