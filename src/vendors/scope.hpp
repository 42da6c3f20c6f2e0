#pragma once

namespace offboard::vendors {

/// Whose fault a vendor's code names: the whole call's, whatever customers are in it, or one customer's (for
/// delink: one programme's).
enum class scope { request, customer };

} // namespace offboard::vendors
