#pragma once

#include "offboard/base/document.hpp"
#include "offboard/config/settings.hpp"
#include "offboard/domain/operation.hpp"

namespace offboard::api {

/// Reads and checks the body of POST /offboard, all of it: every fault is added with its JSON Pointer, none
/// repeats a value. The result may only be used when no fault was added.
offboarding read_offboarding(const document& body, const config::settings&, fault_list&);

/// Reads and checks the body of POST /offboard/lookup, likewise: {"identifier": {"type", "value"}}.
identifier read_lookup(const document& body, fault_list&);

} // namespace offboard::api
