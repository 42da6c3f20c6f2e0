#pragma once

#include "offboard/config/settings.hpp"
#include "offboard/dispatch/batching.hpp"
#include "offboard/domain/operation.hpp"

#include <memory>
#include <string>
#include <vector>

namespace offboard::api {

/// The contract's JSON of an operation as it stands.
std::string render(const operation&);

/// The answer to a lookup: of each operation what it is and how far, and nobody's identifiers.
std::string render_lookup(const std::vector<std::shared_ptr<const operation>>&);

/// The contract's JSON of a dry run: no id, and no secret, for the calls are not authorised.
std::string render_dry_run(const offboarding&, const std::vector<dispatch::planned_call>&,
                           const config::settings&);

} // namespace offboard::api
