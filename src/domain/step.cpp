#include "offboard/domain/step.hpp"

namespace offboard {

std::string_view to_string(step_status s) noexcept {
    switch (s) {
    case step_status::pending: return "pending";
    case step_status::accepted: return "accepted";
    case step_status::succeeded: return "succeeded";
    case step_status::absent: return "absent";
    case step_status::skipped: return "skipped";
    case step_status::failed: return "failed";
    case step_status::unknown: return "unknown";
    case step_status::cancelled: return "cancelled";
    }
    return "";
}

bool is_settled(step_status s) noexcept {
    return s != step_status::pending;
}

std::string_view to_string(absent_rule r) noexcept {
    switch (r) {
    case absent_rule::ok: return "ok";
    case absent_rule::not_ok: return "not_ok";
    }
    return "";
}

bool is_ok(step_status s, bool gate_shut, absent_rule absent) noexcept {
    switch (s) {
    case step_status::accepted:
    case step_status::succeeded: return true;
    case step_status::absent: return absent == absent_rule::ok;
    case step_status::skipped: return !gate_shut;
    case step_status::pending:
    case step_status::failed:
    case step_status::unknown:
    case step_status::cancelled: return false;
    }
    return false;
}

bool is_ok(const step& s, absent_rule absent) noexcept {
    return is_ok(s.outcome.status, !s.blocked_by.empty(), absent);
}

} // namespace offboard
