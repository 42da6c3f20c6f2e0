#pragma once

#include "section.hpp"

#include "offboard/base/document.hpp"
#include "offboard/config/settings.hpp"

namespace offboard::config {

/// Everything but vendors and plans: listeners, deadlines, journal, drain, limits, log, and the settings of
/// later releases, which are refused.
void read_server(section& root, settings& into, const variables& environment);

/// `listen_tls`: the files of certificates and of the key, checked together as the server will use them.
void read_listen_tls(section& root, settings& into);

/// `auth`: keys and tokens, or none, which wants a loopback `listen`: that must have been read.
void read_auth(section& root, settings& into, const variables& environment);

/// `tracing`: a collector, and what it is told; or nothing.
void read_tracing(section& root, settings& into);

/// `vendors`: each section that stands there. Credentials and the URL have no default.
void read_vendors(section& root, settings& into, const variables& environment);

/// `plans` and `default_plan`. `vendors` must have been read: a plan needs the sections of the vendors it
/// uses.
void read_plans(section& root, settings& into);

} // namespace offboard::config
