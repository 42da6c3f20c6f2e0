#pragma once

#include "offboard/base/document.hpp"
#include "offboard/base/error.hpp"
#include "offboard/http/message.hpp"

#include <chrono>
#include <string_view>

namespace offboard::api {

/// RFC 9457 bodies. `type` is urn:offboard:problem:<name>, `instance` urn:offboard:request:<request id>.
/// Neither `detail` nor a pointer repeats anything personal: both are words of ours or plain member names.
http::response problem(unsigned status, std::string_view name, std::string_view detail,
                       std::string_view request_id);

/// 400 with every fault and its JSON Pointer.
http::response validation_problem(const fault_list&, std::string_view request_id);

/// The answer to an expected error, by the one table from errc to status; with Retry-After where sending
/// again helps. All of them are 404, 409, 422, 500 or 503 and mean that no vendor was called for this
/// request. `come_again`: of a 503.
http::response problem_of(errc, std::string_view request_id,
                          std::chrono::seconds come_again = std::chrono::seconds(2));

/// 409 of a retry or a cancel that had nothing to act on. `reason` is a word of the contract's.
http::response nothing_to_do(std::string_view reason, std::string_view detail, std::string_view request_id);

} // namespace offboard::api
