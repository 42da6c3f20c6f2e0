#include "admission.hpp"

#include "negotiation.hpp"

#include "offboard/api/idempotency_key.hpp"
#include "offboard/api/problem.hpp"
#include "offboard/base/ascii.hpp"

#include <string_view>

namespace offboard::api {

namespace {

std::optional<http::response> admit_no_query(const http::request& head) {
    // ?dry_run=true would be ignored without a word.
    if (!head.query.empty() || head.target.ends_with('?'))
        return problem(400, "bad-request", "This route takes no query; options stand in the body.",
                       head.request_id);
    return std::nullopt;
}

} // namespace

std::optional<http::response> admit_post(const http::request& head) {
    if (!accepts(head.header_list("accept"), "application", "json"))
        return problem(406, "not-acceptable", "Answers are application/json.", head.request_id);
    if (!head.announces_body())
        return problem(411, "length-required", "A body is required: send Content-Length or chunks.",
                       head.request_id);
    const std::string_view coding = head.header("content-encoding");
    if (!is_json(head.header("content-type")) || !(coding.empty() || to_lower_ascii(coding) == "identity"))
        return problem(415, "unsupported-media-type",
                       "The body must be JSON, uncompressed, with Content-Type: application/json.",
                       head.request_id);
    if (const idempotency_key key = read_idempotency_key(head); !key.fault.empty())
        return problem(400, "bad-request", key.fault, head.request_id);
    return admit_no_query(head);
}

std::optional<http::response> admit_command(const http::request& head) {
    if (!accepts(head.header_list("accept"), "application", "json"))
        return problem(406, "not-acceptable", "Answers are application/json.", head.request_id);
    if (auto refused = admit_no_body(head)) return refused;
    return admit_no_query(head);
}

std::optional<http::response> admit_get(const http::request& head) {
    if (!accepts(head.header_list("accept"), "application", "json"))
        return problem(406, "not-acceptable", "Answers are application/json.", head.request_id);
    return admit_no_body(head);
}

std::optional<http::response> admit_openapi(const http::request& head) {
    if (!accepts(head.header_list("accept"), "application", "yaml"))
        return problem(406, "not-acceptable", "The contract is application/yaml.", head.request_id);
    return admit_no_body(head);
}

} // namespace offboard::api
