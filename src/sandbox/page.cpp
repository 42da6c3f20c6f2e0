#include "page.hpp"

#include <algorithm>
#include <cstdio>

namespace sandbox {
namespace {

constexpr std::size_t shown = 50;

constexpr std::string_view head = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>offboard-sandbox</title><style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% } th, td { border-bottom: 1px solid #ddd; padding: .3rem .6rem;
text-align: left; vertical-align: top } pre { background: #f6f6f6; padding: .8rem; overflow-x: auto }
td.body { font: 12px monospace; word-break: break-all } .bad { color: #a00 }
</style></head><body><h1>offboard-sandbox</h1>
<p>Three vendors, imitated: Mention Me, Capillary and Trackfinity. Reload to see what has come since.</p>
)";

std::string milliseconds(micros t) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", static_cast<double>(t.count()) / 1000.0);
    return text;
}

std::string cell(std::string_view text) {
    return "<td>" + escape_html(text) + "</td>";
}

std::string row(const call_record& c) {
    std::string who;
    for (std::size_t i = 0; i < c.customers.size() && i < 5; ++i) {
        who += c.customers[i] + ' ';
    }
    if (c.customers.size() > 5) {
        who += "and " + std::to_string(c.customers.size() - 5) + " more";
    }
    const std::string status = c.status == 0 ? "nothing" : std::to_string(c.status);
    return "<tr>" + cell(std::to_string(c.seq)) + cell(milliseconds(c.started)) + cell(c.call) + cell(who) +
           (c.status >= 200 && c.status < 300 ? cell(status) : "<td class=\"bad\">" + status + "</td>") +
           cell(c.fault) + "<td class=\"body\">" + escape_html(std::string_view(c.body).substr(0, 300)) +
           "</td></tr>\n";
}

} // namespace

std::string escape_html(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\'': out += "&#39;"; break;
        default: out.push_back(c);
        }
    }
    return out;
}

std::string_view special_identifiers() {
    return R"(Every customer exists, is enrolled once and has two earns in every promotion, and is linked to every
programme. What an identifier looks like chooses otherwise: e-mail addresses and other text by their
beginning, numbers by their end.

  absent...   ...99404   no vendor knows this customer
  fail...     ...99500   known, but every call refuses this one customer
  poison...   ...99400   a call with this customer in it is answered 400 as a whole
  down...     ...99503   a call with this customer in it is answered 503 as a whole

  programId 1                             1101  no such programme
  promotionId 1, promoIdentifier invalid...   8874  no such promotion
  promotionId 2, promoIdentifier inactive...  8892  inactive
  promotionId 3, promoIdentifier direct...    a direct-issue promotion: 8902 to REVOKE_ENROL
  promotionId 4                           nobody holds it: 8903 and 2305
  partner programme missing...            2006  no such programme
  partner programme failing...            2001  could not be processed
  partner programme queued...             2010  an event is queued
  partner programme unlinked...           2004  never linked
  the secret or api-key "wrong"           refused
)";
}

std::string page(const record& received, const world& w, micros now) {
    std::string out(head);
    out += "<h2>Counts</h2><table><tr><th>call</th><th>calls</th><th>customers</th><th>most customers in "
           "one</th>"
           "<th>in flight</th><th>most in flight</th><th>most starts in a rate window</th></tr>\n";
    for (const auto& [name, value] : received.counts(w.options.rate_per)) {
        out += "<tr>" + cell(std::string_view(name.data(), name.size()));
        for (const char* member :
             {"calls", "customers", "max_customers", "in_flight", "max_in_flight", "max_in_window"}) {
            out += cell(std::to_string(value.at(member).to_number<std::uint64_t>()));
        }
        out += "</tr>\n";
    }
    out += "</table><p>Running for " + milliseconds(now) + " ms. Lapsed " + std::to_string(w.lapsed.size()) +
           ", purged " + std::to_string(w.purged.size()) + ", delinked " + std::to_string(w.delinked.size()) +
           ", forgotten " + std::to_string(w.forgotten.size()) + ".</p>\n";
    out += "<h2>Last calls</h2><table><tr><th>#</th><th>ms</th><th>call</th><th>customers</th><th>status</th>"
           "<th>fault</th><th>body</th></tr>\n";
    const auto& ring = received.ring();
    const std::size_t count = std::min(shown, ring.size());
    for (auto at = ring.rbegin(); at != ring.rbegin() + static_cast<std::ptrdiff_t>(count); ++at) {
        out += row(*at);
    }
    out += "</table>\n<h2>Identifiers that choose an outcome</h2><pre>";
    out += escape_html(special_identifiers());
    out += "</pre>\n<h2>Controls</h2><pre>";
    out += escape_html(R"(GET    /sandbox/calls?call=lapse&after=0&limit=100   what came, in order
GET    /sandbox/counts?window_ms=300000              totals, most starts in any such window
GET    /sandbox/state                                what was lapsed, purged, revoked, delinked, forgotten
GET    /sandbox/earns?identifier_name=id&identifier_value=423927867&promotion_id=202779
POST   /sandbox/earns       {"identifier_name":"id","identifier_value":"423927867","promotion_id":"202779","earn_ids":[960,963]}
POST   /sandbox/faults      {"call":"lapse","kind":"rate_limited","times":2,"retry_after":1}
DELETE /sandbox/faults      no more faults; stalled calls are closed
POST   /sandbox/settings    {"rate_limit":{"calls":300,"per_ms":300000},"latency_ms":20}
DELETE /sandbox/tokens      every token minted so far has expired
POST   /sandbox/reset       forgets everything

A fault: call (any, lapse, purge, read_back, revoke, delink, forget, mention_me_token, capillary_token), times
(1; 0 = until cleared), skip, match (text in the body), latency_ms, status, statuses, body, content_type, headers, code, retry_after,
act (does the call have its effect?) and kind, one of:
  shuffle missing_entry missing_all null_lists duplicate_entries one_entry no_type echo_case success_without_id
  result_with_errors string_codes issual_id_sample older_delink_shape status_false_code_200
  html redirect not_json wrong_content_type expire_token rate_limited
  truncated cut cut_after_headers cut_mid_body stall reset close_after_answer
)");
    out += "</pre></body></html>\n";
    return out;
}

} // namespace sandbox
