#include "live_operations.hpp"

#include <utility>
#include <vector>

namespace offboard::dispatch {

live_pointer live_operations::find(std::string_view id) const {
    const auto at = all_.find(std::string(id));
    return at == all_.end() ? nullptr : at->second;
}

live_pointer live_operations::add(std::shared_ptr<operation> op, telemetry::origin from, bool arrived) {
    auto live = std::make_shared<live_operation>();
    live->counted = set.add(*op, arrived);
    live->settles_at = op->settled_at;
    live->origin = std::move(from);
    live->op = std::move(op);
    all_.emplace(live->op->id, live);
    return live;
}

void live_operations::remove(const live_operation& live) {
    set.remove(live.counted);
    all_.erase(live.op->id);
    changed.notify_all();
}

void tell_operation(telemetry::log& log, telemetry::level l, std::string_view message, std::string_view id,
                    const telemetry::origin& from, std::initializer_list<telemetry::field> more) {
    std::vector<telemetry::field> fields = {{"operation", id}};
    from.add_to(fields);
    fields.insert(fields.end(), more.begin(), more.end());
    log.write(l, message, fields);
}

} // namespace offboard::dispatch
