#pragma once

#include "offboard/http/message.hpp"

#include <ctime>
#include <string>
#include <string_view>

namespace offboard::http {

/// The Date field's value, worded once a second.
class date_line {
public:
    std::string_view now();

private:
    std::time_t second_ = -1;
    std::string text_;
};

/// What the head of an answer says beside the answer itself.
struct framing {
    bool keep_alive = true;
    bool old_version = false; ///< the request was HTTP/1.0: keep-alive has to be said
    std::string_view request_id;
    std::string_view date;
};

/// Appends status line and fields, blank line included. Control characters in values become blanks, so that
/// no value can begin a field of its own.
void append_head(std::string& out, const response&, const framing&);

/// 1xx, 204 and 304 have neither a body nor a Content-Length.
bool may_have_body(unsigned status) noexcept;

} // namespace offboard::http
