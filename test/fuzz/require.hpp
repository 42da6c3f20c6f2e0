#pragma once

#include <cstdlib>

namespace fuzz {

/// Ends the process when what must hold does not: both drivers keep the input then.
inline void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace fuzz
