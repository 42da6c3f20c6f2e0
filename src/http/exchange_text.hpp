#pragma once

#include "offboard/base/exchange.hpp"
#include "offboard/http/client.hpp"

#include <string>

namespace offboard::http {

/// Writes requests as HTTP/1.1, head and body in one piece: one write each. What every request to an origin
/// has in common is worded once.
class exchange_text {
public:
    explicit exchange_text(const client_settings&);

    /// Replaces `out`. Throws std::invalid_argument when a method, target, name or value holds a control
    /// character: its author has a bug, and the vendor would read another request than was meant.
    void write(std::string& out, const outgoing_request&) const;

private:
    std::string prefix_;
    std::string common_; ///< version, Host, User-Agent
};

} // namespace offboard::http
