#pragma once

#include "world.hpp"

/// Trackfinity, the billing platform: forget customer.
namespace sandbox::billing {

/// `PATCH /api/customer/forget`: a form with exactly one lookup key, and perhaps `keep`. Answers a bare
/// `true`.
answer forget(const request& r, world& w);

} // namespace sandbox::billing
