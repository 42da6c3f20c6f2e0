#include "forget.hpp"

#include "../answer.hpp"
#include "../by_status.hpp"
#include "../verdicts.hpp"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <array>
#include <stdexcept>

namespace urls = boost::urls;

namespace offboard::vendors::billing {

namespace {

std::string_view lookup_key(identifier_kind kind) {
    switch (kind) {
    case identifier_kind::billing_customer_id: return "customer_id";
    case identifier_kind::billing_subscription_id: return "subscription_id";
    case identifier_kind::billing_order_id: return "orderid";
    default: throw std::logic_error("an identifier the billing platform cannot look up");
    }
}

std::string form_value(std::string_view text) {
    return urls::encode(urls::string_view(text.data(), text.size()), urls::unreserved_chars);
}

/// What the body of a 2xx can say.
enum class body_says { done, refused, anything_else };

struct row {
    body_says what;
    step_status status;
    outcome_code code;
    bool retryable;
};

constexpr std::array rows = {
    row{body_says::done, step_status::succeeded, outcome_code::forgotten, false},
    row{body_says::refused, step_status::failed, outcome_code::refused, false},
    row{body_says::anything_else, step_status::unknown, outcome_code::unexpected_body, true},
};

body_says what_says(const answer& body) {
    if (body.root() == nullptr) return body_says::anything_else;
    if (const bool* plain = body.root()->if_bool()) return *plain ? body_says::done : body_says::refused;
    const auto flag = bool_member(body.object(), "result");
    const bool complains = tells_of_error(body.object()) || denies(body.object());
    if (flag == true) return complains ? body_says::anything_else : body_says::done;
    const bool refused = (flag == false || complains) && !affirms(body.object());
    return refused ? body_says::refused : body_says::anything_else;
}

vendor_detail words(const answer& body) {
    vendor_detail detail = said(body.object());
    if (const auto error = text_of(member(body.object(), "error"))) detail.message = kept_words(*error);
    return detail;
}

} // namespace

outgoing_request encode_forget(const batch& b) {
    if (b.places.size() != 1) throw std::logic_error("the billing platform forgets one customer a call");
    const identifier& who = b.places.front().who;
    outgoing_request r;
    r.method = "PATCH";
    r.target = "/api/customer/forget";
    r.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    r.body.append(lookup_key(who.kind)).append("=").append(form_value(who.value));
    std::string keep;
    for (const std::string& field : b.keep)
        keep.append(keep.empty() ? "" : ",").append(field);
    if (!keep.empty()) r.body.append("&keep=").append(form_value(keep));
    return r;
}

std::vector<verdict> decode_forget(const batch& b, unsigned status, const answer& read) {
    const vendor_detail detail = words(read);
    if (!claims_success(status)) return by_status(b, status, detail);
    const row& found = rows[static_cast<std::size_t>(what_says(read))];
    verdict v = settled(found.status, found.code, found.retryable, detail);
    v.may_have_acted = found.status == step_status::unknown;
    return for_all(b, v);
}

} // namespace offboard::vendors::billing
