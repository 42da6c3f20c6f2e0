#pragma once

#include "offboard/http/router.hpp"

#include <functional>
#include <string>
#include <vector>

namespace offboard::api {

/// The admin listener's routes: GET /livez (the process answers) and GET /readyz (it wants traffic; 503 with
/// the reasons when it does not). `unready`: the reasons now, words of ours; empty: ready.
void add_admin_routes(http::router&, std::function<std::vector<std::string>()> unready);

} // namespace offboard::api
