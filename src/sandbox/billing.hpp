#pragma once

#include "world.hpp"

/// Trackfinity, the billing platform: forget customer.
namespace sandbox::billing {

/// `PATCH /api/customer/forget`: a form with exactly one lookup key, and perhaps `keep`. Answers a bare
/// `true`.
answer forget(const request& r, world& w);

/// `GET /api/service/ping`: answers 1 to who may call, and has no effect.
answer ping(const request& r, const world& w);

} // namespace sandbox::billing
