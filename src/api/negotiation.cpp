#include "negotiation.hpp"

#include "field_text.hpp"

#include "offboard/api/problem.hpp"

namespace offboard::api {

namespace {

/// Cuts off and returns what stands before the next `mark`.
std::string_view cut(std::string_view& list, char mark) {
    const auto end = list.find(mark);
    const std::string_view first = list.substr(0, end);
    list = end == list.npos ? std::string_view() : list.substr(end + 1);
    return first;
}

/// q=0, q=0., q=0.0… refuse; anything else, also a weight that cannot be read, does not.
bool is_refused(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::string_view one = trimmed(cut(parameters, ';'));
        if (one.size() >= 3 && same(one.substr(0, 2), "q="))
            return one[2] == '0' && one.find_first_not_of("0.", 2) == one.npos;
    }
    return false;
}

} // namespace

bool accepts(std::string_view accept, std::string_view type, std::string_view subtype) noexcept {
    if (trimmed(accept).empty()) return true;
    int best = -1;
    bool admitted = false;
    while (!accept.empty()) {
        std::string_view parameters = cut(accept, ',');
        std::string_view s = trimmed(cut(parameters, ';'));
        const std::string_view t = cut(s, '/');
        int specific = -1;
        if (t == "*" && s == "*")
            specific = 0;
        else if (same(t, type) && s == "*")
            specific = 1;
        else if (same(t, type) && same(s, subtype))
            specific = 2;
        if (specific <= best) continue;
        best = specific;
        admitted = !is_refused(parameters);
    }
    return admitted;
}

bool accepts_coding(std::string_view accept_encoding, std::string_view coding) noexcept {
    bool admitted = false;
    while (!accept_encoding.empty()) {
        std::string_view parameters = cut(accept_encoding, ',');
        const std::string_view s = trimmed(cut(parameters, ';'));
        if (same(s, coding)) return !is_refused(parameters);
        if (s == "*") admitted = !is_refused(parameters);
    }
    return admitted;
}

bool is_json(std::string_view content_type) noexcept {
    return same(trimmed(cut(content_type, ';')), "application/json");
}

std::optional<http::response> admit_no_body(const http::request& head) {
    if (head.content_length.value_or(0) > 0)
        return problem(400, "bad-request", "This route takes no body.", head.request_id);
    return std::nullopt;
}

} // namespace offboard::api
