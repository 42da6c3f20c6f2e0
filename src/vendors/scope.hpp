#pragma once

namespace offboard::vendors {

/// Whose fault a vendor's code names: the whole call's, whatever customers are in it, or one customer's (for
/// delink: one programme's). `credentials`: the whole call's as well, and it is our credentials that are
/// refused.
enum class scope { request, customer, credentials };

} // namespace offboard::vendors
