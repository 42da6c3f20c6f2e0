#pragma once

#include "offboard/http/router.hpp"

namespace offboard::api {

/// GET /docs, the contract as a page to read and to try, and GET /docs/… for the files it is made of, all of
/// them compiled in. Open to anybody, as the contract is; a request tried there needs its caller's key.
void add_docs_routes(http::router&);

} // namespace offboard::api
