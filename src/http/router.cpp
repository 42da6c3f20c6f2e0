#include "offboard/http/router.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace offboard::http {

namespace asio = boost::asio;

namespace {

constexpr std::array<std::string_view, 9> known_methods{"GET",    "HEAD",    "POST",  "PUT",    "PATCH",
                                                        "DELETE", "OPTIONS", "TRACE", "CONNECT"};

std::vector<std::string_view> segments_of(std::string_view path) {
    std::vector<std::string_view> out;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        out.push_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return out;
}

bool is_parameter(std::string_view segment) noexcept {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

void add_to_list(std::string& list, std::string_view word) {
    if (!list.empty()) list += ", ";
    list += word;
}

} // namespace

namespace {

asio::awaitable<response> answer(response made) {
    co_return made;
}

} // namespace

struct router::line {
    std::string method;
    route::endpoint handle;
    route::admission admit;
    bool takes_body = true;
};

/// All lines of one pattern.
struct router::resource {
    std::string pattern;
    bool literal = true;
    std::vector<std::string_view> segments; ///< views into `pattern`
    std::vector<line> lines;
    std::string allow;

    const line* of(std::string_view method) const noexcept {
        const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;
        for (const line& l : lines)
            if (l.method == wanted) return &l;
        return nullptr;
    }

    bool matches(const std::vector<std::string_view>& path, request& into) const {
        if (path.size() != segments.size()) return false;
        std::vector<std::pair<std::string_view, std::string>> found;
        for (std::size_t i = 0; i < path.size(); ++i) {
            std::optional<std::string> text = percent_decoded(path[i]);
            if (!text) return false;
            if (!is_parameter(segments[i])) {
                if (*text != segments[i]) return false;
                continue;
            }
            if (text->empty()) return false;
            found.emplace_back(segments[i].substr(1, segments[i].size() - 2), std::move(*text));
        }
        into.parameters = std::move(found);
        return true;
    }
};

router::router(problem_factory problems) : problems_(std::move(problems)) {}
router::~router() = default;

void router::add(route added) {
    if (added.pattern.empty() || added.pattern.front() != '/' || added.method.empty() || !added.handle)
        throw std::invalid_argument("not a route");
    auto at = std::find_if(resources_.begin(), resources_.end(),
                           [&](const auto& r) { return r->pattern == added.pattern; });
    if (at == resources_.end()) {
        resource& made = *resources_.emplace_back(std::make_unique<resource>());
        made.pattern = std::move(added.pattern);
        made.segments = segments_of(made.pattern);
        made.literal = std::none_of(made.segments.begin(), made.segments.end(), is_parameter);
        at = std::prev(resources_.end());
    }
    resource& served = **at;
    if (served.of(added.method)) throw std::invalid_argument("a route is there twice");
    add_to_list(served.allow, added.method);
    if (added.method == "GET") add_to_list(served.allow, "HEAD");
    if (every_method_.find(added.method) == std::string::npos) {
        add_to_list(every_method_, added.method);
        if (added.method == "GET") add_to_list(every_method_, "HEAD");
    }
    const bool takes_body = added.takes_body && added.method != "GET";
    served.lines.push_back(
        {std::move(added.method), std::move(added.handle), std::move(added.admit), takes_body});
}

const router::resource* router::find(std::string_view path, request& into) const {
    for (const auto& r : resources_)
        if (r->literal && r->pattern == path) return r.get();
    if (path.empty() || path.front() != '/') return nullptr;
    const auto segments = segments_of(path);
    for (const bool literal : {true, false})
        for (const auto& r : resources_)
            if (r->literal == literal && r->matches(segments, into)) return r.get();
    return nullptr;
}

std::optional<response> router::refuse(request& head) {
    if (std::find(known_methods.begin(), known_methods.end(), head.method) == known_methods.end())
        return problems_(501, "not-implemented", "The method is not known.", head.request_id);
    if (head.path == "*") return response(204, {}, {}).with("Allow", every_method_ + ", OPTIONS");
    const resource* const found = find(head.path, head);
    if (!found) return problems_(404, "not-found", "There is nothing at this path.", head.request_id);
    head.route = found->pattern;
    const line* const chosen = found->of(head.method);
    if (chosen) {
        head.chosen = chosen;
        head.takes_body = chosen->takes_body;
        return chosen->admit ? chosen->admit(head) : std::nullopt;
    }
    const std::string allow = found->allow + ", OPTIONS";
    if (head.method == "OPTIONS") return response(204, {}, {}).with("Allow", allow);
    response refused =
        problems_(405, "method-not-allowed", "This method is not served at this path.", head.request_id);
    refused.with("Allow", allow);
    return refused;
}

asio::awaitable<response> router::handle(request&& whole) {
    const auto* const chosen = static_cast<const line*>(whole.chosen);
    if (whole.chunked && !whole.body.empty() && !chosen->takes_body)
        return answer(problems_(400, "bad-request", "This route takes no body.", whole.request_id));
    return chosen->handle(std::move(whole));
}

} // namespace offboard::http
