// The viewer is Swagger UI. Of the maintained ones with a form to try a request it alone shows the contract
// under the policy below without a violation: RapiDoc, Scalar and Stoplight Elements need 'unsafe-inline'
// styles.
#include "offboard/api/docs_routes.hpp"

#include "docs/embedded.hpp"
#include "negotiation.hpp"

#include "offboard/api/problem.hpp"

#include <memory>
#include <string>

namespace asio = boost::asio;

namespace offboard::api {

namespace {

/// Scripts, styles and requests of this gateway only. Loosened in one place: the viewer's style sheet has its
/// icons within, as data: images.
constexpr auto policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Those of the viewer have its version in their names and never change; ours change with the gateway.
constexpr auto lasting = "public, max-age=31536000, immutable";

/// Kept and sent as gzip alone, which every browser takes: the plain form would be two megabytes more.
bool takes_gzip(const http::request& head) {
    return !head.has_header("accept-encoding") || accepts_coding(head.header_list("accept-encoding"), "gzip");
}

std::optional<http::response> admit(const http::request& head, const embedded_file& file) {
    if (!accepts(head.header_list("accept"), file.type, file.subtype))
        return problem(406, "not-acceptable", "The page and its files have one media type each.",
                       head.request_id);
    if (file.gzip && !takes_gzip(head))
        return problem(406, "not-acceptable", "This file is there with Content-Encoding: gzip only.",
                       head.request_id);
    return admit_no_body(head);
}

/// What every request for the file is answered with, but for the body.
http::response answer_with(const embedded_file& file) {
    std::string type(file.type);
    type += '/';
    type += file.subtype;
    type += "; charset=utf-8";
    http::response out(200, std::move(type), {});
    if (file.gzip) out.with("Content-Encoding", "gzip").with("Vary", "Accept-Encoding");
    if (file.versioned) out.with("Cache-Control", lasting);
    out.with("Content-Security-Policy", policy);
    out.with("Referrer-Policy", "no-referrer");
    out.with("X-Content-Type-Options", "nosniff");
    return out;
}

asio::awaitable<http::response> show(http::response answer) {
    co_return answer;
}

} // namespace

void add_docs_routes(http::router& router) {
    for (const embedded_file& file : embedded_files()) {
        http::response answer = answer_with(file);
        answer.shared_body = std::make_shared<const std::string>(file.content);
        router.add({"GET", std::string(file.path),
                    [answer = std::move(answer)](http::request&&) { return show(answer); },
                    [&file](http::request& head) { return admit(head, file); }});
    }
}

} // namespace offboard::api
