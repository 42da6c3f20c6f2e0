#pragma once

#include "offboard/domain/operation.hpp"

#include <string_view>

namespace offboard::api {

/// Why an operator's retry or cancel found nothing to act on: the contract's words, and a sentence.
struct idle_reason {
    std::string_view reason;
    std::string_view detail;
};
idle_reason why_nothing_to_retry(const operation&) noexcept;
idle_reason why_nothing_to_cancel(const operation&) noexcept;

} // namespace offboard::api
