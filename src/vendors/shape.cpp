#include "offboard/vendors/shape.hpp"

#include "json_look.hpp"
#include "offboard/base/fold_case.hpp"

#include <algorithm>
#include <array>

namespace offboard::vendors {

namespace {

constexpr std::array<std::string_view, 9> media_types = {"application/json",
                                                         "application/problem+json",
                                                         "application/xml",
                                                         "application/octet-stream",
                                                         "application/x-www-form-urlencoded",
                                                         "text/html",
                                                         "text/json",
                                                         "text/plain",
                                                         "text/xml"};

/// Every outermost name that the decoders look at.
constexpr std::array<std::string_view, 20> known_names = {
    "accepted", "access_token",    "code",         "customersPartnerUpdates",
    "data",     "deLinkCustomers", "detail",       "error",
    "errors",   "expires_in",      "failureCount", "message",
    "ok",       "response",        "result",       "status",
    "success",  "title",           "totalCount",   "warnings"};

std::string_view media_type(const incoming_response& r) {
    const std::string_view field = r.header("content-type");
    if (field.empty()) return "no content type";
    std::string_view bare = field.substr(0, field.find(';'));
    while (!bare.empty() && (bare.back() == ' ' || bare.back() == '\t'))
        bare.remove_suffix(1);
    const std::string folded = fold_case(bare);
    const auto* at = std::find(media_types.begin(), media_types.end(), folded);
    return at == media_types.end() ? std::string_view("other") : *at;
}

void add_members(const std::vector<std::string>& members, std::string& out) {
    std::size_t unknown = 0;
    std::string known;
    for (const std::string_view name : known_names) {
        const auto count = std::count(members.begin(), members.end(), name);
        if (count > 0) known.append(" ").append(name);
        if (count > 1) known += " (twice)";
    }
    for (const std::string& name : members)
        if (std::find(known_names.begin(), known_names.end(), name) == known_names.end()) ++unknown;
    out.append(known.empty() ? ", no known member" : ", members" + known);
    if (unknown > 0) out.append(", ").append(std::to_string(unknown)).append(" unknown");
}

} // namespace

std::string answer_shape(const incoming_response& r) {
    std::string out = "status " + std::to_string(r.status) + ", ";
    out.append(media_type(r)).append(", ").append(std::to_string(r.body.size())).append(" bytes");
    if (r.body.empty()) return out;
    const std::string_view text = without_byte_order_mark(r.body);
    const json_look look = look_at(text);
    if (look.fault) {
        const std::size_t at = look.fault->offset + (r.body.size() - text.size());
        return out + ", no JSON: " + look.fault->detail + " at byte " + std::to_string(at);
    }
    add_members(look.members, out);
    if (look.names_twice) out += ", a member is named twice";
    return out;
}

} // namespace offboard::vendors
