#pragma once

#include "offboard/config/settings.hpp"
#include "offboard/telemetry/log.hpp"

#include <iosfwd>

namespace offboard::app {

/// `--check-vendors`: gets a token where the vendor gives tokens, and makes the vendor's call without effect
/// where it has one that names no customer. Writes a line for each vendor: what was tried, and what came of
/// it; never a secret. Changes nothing anywhere. True when nothing that was tried failed.
bool check_vendors(const config::settings&, telemetry::log&, std::ostream&);

} // namespace offboard::app
