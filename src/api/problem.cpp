#include "offboard/api/problem.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace json = boost::json;

namespace offboard::api {

namespace {

constexpr auto problem_type = "application/problem+json";

json::object members(unsigned status, std::string_view name, std::string_view detail,
                     std::string_view request_id) {
    json::object body;
    body["type"] = "urn:offboard:problem:" + std::string(name);
    body["title"] = http::reason(status);
    body["status"] = status;
    body["detail"] = detail;
    body["instance"] = "urn:offboard:request:" + std::string(request_id);
    return body;
}

struct row {
    errc error;
    unsigned status;
    std::string_view name;
    std::string_view detail;
};

constexpr row rows[] = {
    {errc::not_found, 404, "not-found", "There is no such operation, or it is no longer remembered."},
    {errc::nothing_to_do, 409, "nothing-to-do", "The operation has no step that this could act on."},
    {errc::key_reused, 422, "key-reused", "The Idempotency-Key stands for a different request."},
    {errc::queue_full, 503, "overloaded", "Too many steps are waiting for a vendor. No vendor was called."},
    {errc::journal_full, 503, "overloaded", "Too many operations are unsettled. No vendor was called."},
    {errc::journal_unavailable, 503, "journal-unavailable",
     "The journal cannot be used now. No vendor was called for this request."},
    {errc::draining, 503, "draining", "This instance is shutting down. No vendor was called."},
};

} // namespace

http::response problem(unsigned status, std::string_view name, std::string_view detail,
                       std::string_view request_id) {
    return {status, problem_type, json::serialize(members(status, name, detail, request_id))};
}

http::response validation_problem(const fault_list& faults, std::string_view request_id) {
    json::object body =
        members(400, "validation", "The request is not valid; nothing was sent to any vendor.", request_id);
    json::array& errors = body["errors"].emplace_array();
    for (const fault& f : faults.all())
        errors.push_back({{"pointer", f.pointer}, {"detail", f.detail}});
    return {400, problem_type, json::serialize(body)};
}

http::response nothing_to_do(std::string_view reason, std::string_view detail, std::string_view request_id) {
    json::object body = members(409, "nothing-to-do", detail, request_id);
    body["reason"] = reason;
    return {409, problem_type, json::serialize(body)};
}

http::response problem_of(errc e, std::string_view request_id, std::chrono::seconds come_again) {
    for (const row& r : rows) {
        if (r.error != e) continue;
        http::response out = problem(r.status, r.name, r.detail, request_id);
        if (r.status == 503) out.with("Retry-After", std::to_string(come_again.count()));
        return out;
    }
    return problem(500, "internal", "The gateway failed. No vendor was called.", request_id);
}

} // namespace offboard::api
