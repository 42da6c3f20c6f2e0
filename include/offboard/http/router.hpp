#pragma once

#include "offboard/http/handler.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::http {

/// One line of the route table.
struct route {
    using endpoint = std::function<boost::asio::awaitable<response>(request&&)>;
    using admission = std::function<std::optional<response>(request& head)>;

    std::string method;  ///< GET stands for HEAD too
    std::string pattern; ///< "/offboard", "/offboard/{id}": a parameter is a whole segment that is not empty
    endpoint handle;
    admission admit; ///< may refuse before the body is read, and set `admitted`; may be empty
    /// False: a chunked body with something in it is answered 400. Never true for GET. (That a body is empty
    /// shows only once it is read; a declared length is for `admit`.)
    bool takes_body = true;
};

/// A route table. Literal patterns stand before parameters; beyond that the order of add() counts not.
/// 404 when no pattern matches, 405 with Allow when no method does, 501 for a method HTTP does not know.
/// OPTIONS of a known path is 204 with Allow; `OPTIONS *` 204 with every method there is.
class router final : public handler {
public:
    explicit router(problem_factory problems);
    router(const router&) = delete;
    router& operator=(const router&) = delete;
    ~router() override;

    /// Before the server listens. Throws std::invalid_argument when the pattern is no pattern or the line is
    /// there twice.
    void add(route);

    std::optional<response> refuse(request& head) override;
    boost::asio::awaitable<response> handle(request&&) override;

private:
    struct line;
    struct resource;
    const resource* find(std::string_view path, request& into) const;

    problem_factory problems_;
    std::vector<std::unique_ptr<resource>> resources_;
    std::string every_method_;
};

} // namespace offboard::http
