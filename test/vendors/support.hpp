#pragma once

#include "offboard/vendors/codec.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// Short ways to say a batch, an answer and what came of it.
namespace vendors_test {

using namespace offboard;
using namespace offboard::vendors;

inline place who(identifier_kind kind, std::string value, std::vector<std::int64_t> earn_ids = {}) {
    place p;
    p.who = {kind, std::move(value)};
    p.source = "INSTORE";
    p.earn_ids = std::move(earn_ids);
    return p;
}

inline batch batch_of(action what, std::vector<place> places) {
    batch b;
    b.what = what;
    b.promo.program_id = 2714;
    b.promo.promotion_id = "202779";
    b.places = std::move(places);
    return b;
}

inline batch emails(std::initializer_list<const char*> values) {
    batch b = batch_of(action::lapse, {});
    for (const char* v : values)
        b.places.push_back(who(identifier_kind::email, v));
    return b;
}

inline batch programmes(std::initializer_list<const char*> names) {
    batch b = batch_of(action::delink, {});
    for (const char* name : names) {
        b.places.push_back(who(identifier_kind::mobile, "919800000000"));
        b.places.back().partner_program = name;
    }
    return b;
}

inline batch capillary_ids(action what, std::initializer_list<const char*> ids) {
    batch b = batch_of(what, {});
    for (const char* id : ids)
        b.places.push_back(who(identifier_kind::capillary_id, id));
    return b;
}

inline incoming_response response(unsigned status, std::string body) {
    return {status, {{"content-type", "application/json"}}, std::move(body)};
}

/// `settle succeeded/revoked`, with ` retryable` and ` acted` behind it where they hold.
inline std::string show(const verdict& v) {
    constexpr std::string_view names[] = {"settle ", "retry ", "later ", "isolate "};
    std::string out(names[static_cast<std::size_t>(v.what)]);
    out.append(to_string(v.result.status)).append("/").append(to_string(v.result.code));
    if (v.result.retryable) out += " retryable";
    if (v.may_have_acted) out += " acted";
    return out;
}

inline std::string show(const std::vector<verdict>& all) {
    std::string out;
    for (const verdict& v : all)
        out.append(out.empty() ? "" : " | ").append(show(v));
    return out;
}

inline std::string decoded(const batch& b, unsigned status, std::string body) {
    return show(decode(b, response(status, std::move(body)), {}));
}

} // namespace vendors_test
