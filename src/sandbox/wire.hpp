#pragma once

#include "exchange.hpp"
#include "faults.hpp"

#include <string>

namespace sandbox {

/// An answer as the bytes that go out.
struct wire_answer {
    std::string bytes;
    /// The connection ends behind them.
    bool close = false;
};

/// `how` is any way that sends at least a byte. The head of a broken answer is true to what a whole one would
/// have had, but for `truncated`, which promises more than there is.
[[nodiscard]] wire_answer to_wire(const answer& a, delivery how, bool keep_alive, bool head_only);

} // namespace sandbox
